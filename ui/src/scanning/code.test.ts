import { expect, it } from 'vitest';
import { fakeCategories } from '../shell/fake';
import { categoryOf, isBarcode } from './code';

const shelf = fakeCategories.slice(0, 3).map((category, index) => ({
  ...category,
  barcodes: [['LAB-0042'], ['036000291452', '96385074'], ['*A1B2']][index]!,
}));
const name = (code: string): string | null => categoryOf(shelf, code)?.name ?? null;

it('a code is found to the letter', () => {
  expect(name('LAB-0042')).toBe(shelf[0]!.name);
  expect(name('96385074')).toBe(shelf[1]!.name);
  for (const other of ['lab-0042', 'LAB-004', 'LAB-00422', '', '0']) expect(name(other), other).toBeNull();
});

it('UPC-A and the EAN-13 with a 0 before it are one article', () => {
  expect(name('0036000291452')).toBe(shelf[1]!.name);
  expect(name('036000291452')).toBe(shelf[1]!.name);
  expect(name('36000291452')).toBeNull();
  expect(name('096385074')).toBeNull();
});

it('a sign that a scanner puts before each code is passed over, where it is no part of one', () => {
  expect(name('~LAB-0042')).toBe(shelf[0]!.name);
  expect(name('*A1B2')).toBe(shelf[2]!.name);
  expect(name('A1B2')).toBeNull();
  expect(name('XLAB-0042')).toBeNull();
});

it('a barcode has 4 to 32 printable characters', () => {
  for (const code of ['0000', 'A b!', 'x'.repeat(32), '~#[|`\\^@]}']) expect(isBarcode(code), code).toBe(true);
  for (const code of ['000', 'x'.repeat(33), 'café', ' 0000', '0000 ', 'ab\tcd', ''])
    expect(isBarcode(code), code).toBe(false);
});
