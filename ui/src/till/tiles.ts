// Finding a category by what is typed: its key, then its name without accents.

import type { Category } from '../shell/port';

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();

/** The categories that fit `typed`: the one with that key first, then names that begin so, then names that hold it. */
export function fitting(categories: readonly Category[], typed: string): Category[] {
  const wanted = plain(typed);
  if (wanted === '') return [...categories];
  const rank = (category: Category): number => {
    if (category.shortcut && plain(category.shortcut) === wanted) return 0;
    const name = plain(category.name);
    if (name.startsWith(wanted)) return 1;
    if (name.split(/\s+/).some((word) => word.startsWith(wanted))) return 2;
    return name.includes(wanted) ? 3 : 4;
  };
  return categories
    .map((category) => ({ category, rank: rank(category) }))
    .filter((each) => each.rank < 4)
    .sort((a, b) => a.rank - b.rank || a.category.position - b.category.position)
    .map((each) => each.category);
}

/** The category whose key was pressed with Alt, by the letter or by the digit's place on the keyboard. */
export function byKey(categories: readonly Category[], event: Pick<KeyboardEvent, 'key' | 'code'>): Category | null {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  const letter = /^\p{L}$/u.test(event.key) ? event.key.toUpperCase() : null;
  const placed = /^Key([A-Z])$/.exec(event.code)?.[1];
  const find = (key: string | null | undefined): Category | null =>
    key ? (categories.find((category) => category.shortcut?.toUpperCase() === key) ?? null) : null;
  return find(digit) ?? find(letter && letter.charCodeAt(0) < 128 ? letter : (placed ?? letter));
}
