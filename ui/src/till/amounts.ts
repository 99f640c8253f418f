// Amounts and weights as they are typed: digits with a comma or a point, read into whole cents, grams and pieces.

import type { DraftLine, Language } from '../shell/port';

export const MAX_LINES = 200;
export const MAX_NOTE_CHARS = 500;
export const MAX_QUANTITY = 9_999;
export const MAX_WEIGHT_GRAMS = 2_000_000;
export const MAX_PRICE_CENTS = 10_000_000;

/** Reads `12,5` with `places` decimals into 1250 (two places); nothing where it is no such number. */
export function readDecimal(typed: string, places: number): number | null {
  const text = typed.replace(/[\s\u00a0\u202f]/g, '').replace(',', '.');
  const match = /^(\d{1,9})?(?:\.(\d*))?$/.exec(text);
  if (!match) return null;
  const whole = match[1] ?? '';
  const decimals = match[2] ?? '';
  if (whole === '' && decimals === '') return null;
  if (decimals.length > places) return null;
  return Number(whole || '0') * 10 ** places + Number(decimals.padEnd(places, '0') || '0');
}

/** Writes 1250 with two places as `12,50`. */
export function writeDecimal(value: number, places: number, language: Language): string {
  if (places === 0) return String(value);
  const mark = language === 'fr' ? ',' : '.';
  const digits = String(value).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}${mark}${digits.slice(-places)}`;
}

export type LineField = 'quantity' | 'weight' | 'price';

interface FieldRule {
  places: number;
  low: number;
  high: number;
  of: 'quantity' | 'weight_grams' | 'unit_price_cents';
}

export const lineFields: Record<LineField, FieldRule> = {
  quantity: { places: 0, low: 1, high: MAX_QUANTITY, of: 'quantity' },
  weight: { places: 3, low: 0, high: MAX_WEIGHT_GRAMS, of: 'weight_grams' },
  price: { places: 2, low: 0, high: MAX_PRICE_CENTS, of: 'unit_price_cents' },
};

/** The value typed into a line's field; nothing where it is not one or out of range. An empty weight is none. */
export function readField(field: LineField, typed: string): number | null {
  const rule = lineFields[field];
  if (field === 'weight' && typed.trim() === '') return 0;
  const value = readDecimal(typed, rule.places);
  return value === null || value < rule.low || value > rule.high ? null : value;
}

/** What stands in a line's field before anything is typed. */
export function writeField(field: LineField, line: DraftLine, language: Language): string {
  const value = line[lineFields[field].of];
  return field === 'weight' && value === 0 ? '' : writeDecimal(value, lineFields[field].places, language);
}

export const lineCents = (line: DraftLine): number => line.quantity * line.unit_price_cents;

export const totalCents = (lines: readonly DraftLine[]): number =>
  lines.reduce((sum, line) => sum + lineCents(line), 0);
