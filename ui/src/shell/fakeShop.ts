// What the tills sell in the shell in memory.

import type {
  Answer,
  Category,
  CategoryChange,
  GoodsLanguage,
  MoveDirection,
  NewCategoryRequest,
  ShopCategory,
  UiErrorCode,
} from './port';

const no = (code: UiErrorCode, subject: string | null = null): Answer<never> => ({
  status: 'error',
  error: { code, retry_after_seconds: null, subject },
});

const starters: Record<GoodsLanguage, string[]> = {
  fr: ['Vaisselle', 'Livres', 'Textile', 'Meubles', 'Jouets', 'Vélos'],
  en: ['Crockery', 'Books', 'Clothes', 'Furniture', 'Toys', 'Bicycles'],
};

export class FakeShop {
  categories: ShopCategory[];
  #made = 0;

  constructor(start: readonly Category[]) {
    this.categories = start.map(({ id, name, price_cents, shortcut, barcodes }) => ({
      category_id: id,
      name,
      price_cents,
      shortcut,
      barcodes: barcodes ?? [],
      is_archived: false,
    }));
  }

  tiles(): Category[] {
    return this.categories
      .filter((each) => !each.is_archived)
      .map(({ category_id, name, price_cents, shortcut, barcodes }, position) => ({
        id: category_id,
        name,
        price_cents,
        shortcut,
        position,
        barcodes,
      }));
  }

  #id(): string {
    this.#made += 1;
    return `01900000-0000-7000-8000-0000000001${String(this.#made).padStart(2, '0')}`;
  }

  #fault(wanted: ShopCategory): Answer<never> | null {
    if (wanted.is_archived) return null;
    const others = this.categories.filter((each) => !each.is_archived && each.category_id !== wanted.category_id);
    if (others.some((each) => each.name.toLowerCase() === wanted.name.toLowerCase())) return no('name_taken', 'name');
    const taken = wanted.shortcut && others.some((each) => each.shortcut?.toLowerCase() === wanted.shortcut);
    if (taken) return no('shortcut_taken', 'shortcut');
    const known = others.some((each) => each.barcodes.some((code) => wanted.barcodes.includes(code)));
    return known ? no('barcode_taken', 'barcodes') : null;
  }

  add({ name, price_cents, shortcut, barcodes }: NewCategoryRequest): Answer<ShopCategory> {
    const added: ShopCategory = {
      category_id: this.#id(),
      name,
      price_cents: price_cents ?? null,
      shortcut: shortcut ?? null,
      barcodes: barcodes ?? [],
      is_archived: false,
    };
    const fault = this.#fault(added);
    if (fault) return fault;
    this.categories = [...this.categories, added];
    return { status: 'ok', data: added };
  }

  change(id: string, change: CategoryChange): Answer<ShopCategory> {
    const before = this.categories.find((each) => each.category_id === id);
    if (!before) return no('category_not_found');
    const after: ShopCategory = {
      ...before,
      name: change.name ?? before.name,
      price_cents: change.price_cents === undefined ? before.price_cents : change.price_cents,
      shortcut: change.shortcut === undefined ? before.shortcut : change.shortcut,
      barcodes: change.barcodes ?? before.barcodes,
      is_archived: change.archived ?? before.is_archived,
    };
    const fault = this.#fault(after);
    if (fault) return fault;
    this.categories = this.categories.map((each) => (each === before ? after : each));
    return { status: 'ok', data: after };
  }

  move(id: string, direction: MoveDirection): Answer<ShopCategory> {
    const used = this.categories.filter((each) => !each.is_archived);
    const at = used.findIndex((each) => each.category_id === id);
    const moved = used[at];
    if (!moved) return no('category_not_found');
    const other = used[direction === 'up' ? at - 1 : at + 1];
    if (other)
      this.categories = this.categories.map((each) => (each === moved ? other : each === other ? moved : each));
    return { status: 'ok', data: moved };
  }

  start(language: GoodsLanguage): Answer<ShopCategory[]> {
    if (this.categories.length > 0) return no('categories_exist');
    this.categories = starters[language].map((name) => ({
      category_id: this.#id(),
      name,
      price_cents: null,
      shortcut: name[0]!.toLowerCase(),
      barcodes: [],
      is_archived: false,
    }));
    return { status: 'ok', data: this.categories };
  }
}
