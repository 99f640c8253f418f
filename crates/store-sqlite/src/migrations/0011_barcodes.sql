-- The barcodes by which a scan adds a piece of a category.
ALTER TABLE categories ADD COLUMN barcodes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(barcodes));
