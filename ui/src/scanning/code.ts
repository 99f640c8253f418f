// Which code a scanner meant, and whose it is.

import type { Category } from '../shell/port';
import type { Reading } from './wedge';

export const BARCODE_MIN_CHARS = 4;
export const BARCODE_MAX_CHARS = 32;
export const BARCODES_MOST = 20;

/** Whether the server takes it for a category's: printable ASCII without a space at either end. */
export const isBarcode = (code: string): boolean =>
  code.length >= BARCODE_MIN_CHARS &&
  code.length <= BARCODE_MAX_CHARS &&
  /^[\x20-\x7e]+$/.test(code) &&
  code.trim() === code;

/** Without the three characters by which many scanners name the symbology (AIM, ISO/IEC 15424), as in `]E0376…`. */
const bare = (code: string): string => code.replace(/^\][A-Za-z][0-9A-Za-z]/, '');

const isNumber = (text: string): boolean => /^\d{4,}$/.test(text);

/** How much of a text is letters and digits: signs are what a wrong layout makes of them. */
const plainness = (text: string): number => text.replace(/[^0-9A-Za-z]/g, '').length;

/**
 * Reads what keys said. A scanner from the factory means places; one that was set to the system's layout means characters.
 * Keys alone cannot always tell, as `QBC6` from one is `ABC-` from the other on AZERTY: a code of digits can, and what it
 * told holds for those after it. Before that, the reading with more letters and digits is taken, the places where both
 * have as many.
 */
export class ScannerReader {
  #means: keyof Reading | null = null;

  read({ places, characters }: Reading): string {
    if (places === null || characters === null) return bare(places ?? characters ?? '').trim();
    if (places !== characters) {
      if (isNumber(bare(characters))) this.#means = 'characters';
      else if (isNumber(bare(places))) this.#means = 'places';
    }
    const likelier = /^[\x20-\x7e]+$/.test(characters) && plainness(characters) > plainness(places);
    const means = this.#means ?? (likelier ? 'characters' : 'places');
    return bare(means === 'characters' ? characters : places).trim();
  }
}

/** UPC-A is EAN-13 with a 0 before it (GS1 General Specifications): scanners send either. */
const whole = (code: string): string => (/^\d{12}$/.test(code) ? `0${code}` : code);

/** The category that has this code; a sign put before each code by the scanner is passed over. */
export function categoryOf(categories: readonly Category[], code: string): Category | null {
  const of = (wanted: string): Category | undefined =>
    categories.find(({ barcodes }) => barcodes?.some((each) => whole(each) === whole(wanted)));
  return of(code) ?? of(code.replace(/^[^0-9A-Za-z]/, '')) ?? null;
}
