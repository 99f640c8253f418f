// What a count says against what was expected, and amounts as they are typed for the drawer.

import { readDecimal } from '../till/amounts';

/** The most that a drawer may hold, in cents. */
export const DRAWER_MOST_CENTS = 100_000_000;
export const COMMENT_MOST_CHARS = 500;

export type Variance =
  | { kind: 'exact' }
  /** Money is missing. */
  | { kind: 'missing'; cents: number }
  /** There is too much. */
  | { kind: 'over'; cents: number };

export function varianceOf(cents: number): Variance {
  if (cents === 0) return { kind: 'exact' };
  return cents < 0 ? { kind: 'missing', cents: -cents } : { kind: 'over', cents };
}

export type Amount = { kind: 'none' } | { kind: 'unreadable' } | { kind: 'too_high' } | { kind: 'read'; cents: number };

export function readAmount(typed: string): Amount {
  if (typed.trim() === '') return { kind: 'none' };
  const cents = readDecimal(typed, 2);
  if (cents === null) return { kind: 'unreadable' };
  return cents > DRAWER_MOST_CENTS ? { kind: 'too_high' } : { kind: 'read', cents };
}
