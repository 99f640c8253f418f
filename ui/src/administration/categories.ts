// What is typed into a category's fields, as the server takes it.

import { MAX_PRICE_CENTS, readDecimal } from '../till/amounts';

export const CATEGORY_NAME_CHARS = 64;

/** The price in cents; `null` where the field is empty: it is asked for at the till. Nothing where it is no price. */
export function priceOf(typed: string): number | null | undefined {
  if (typed.trim() === '') return null;
  const cents = readDecimal(typed.replace('€', ''), 2);
  return cents === null || cents > MAX_PRICE_CENTS ? undefined : cents;
}

/** The key in lower case; `null` where the field is empty. Nothing where it is not one letter or digit. */
export function keyOf(typed: string): string | null | undefined {
  const key = typed.trim();
  if (key === '') return null;
  return /^[\p{L}\p{N}]$/u.test(key) ? key.toLowerCase() : undefined;
}
