-- The barcodes by which a scan adds a piece of a category.
ALTER TABLE categories ADD COLUMN barcodes text NOT NULL DEFAULT '[]' CHECK (barcodes::json IS NOT NULL);
