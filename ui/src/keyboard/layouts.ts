// The keys of the keyboard on the screen, row by row.

export type KeyLayout = 'azerty' | 'qwerty';

const letters: Record<KeyLayout, string[]> = {
  azerty: ['1234567890', 'azertyuiop', 'qsdfghjklm', "wxcvbn'-"],
  qwerty: ['1234567890', 'qwertyuiop', 'asdfghjkl-', "zxcvbnm'"],
};

/** All printable ASCII that is neither letter nor digit, and what French has besides. */
const signs = ['!"#$%&\'()*', '+,-./:;<=>', '?@[\\]^_`{|', '}~€£§êëïôû'];

/** The accents that stand on the layer of letters. */
export const ACCENTS = ['é', 'è', 'à', 'ç', 'ù'];

/** Four rows; the last one has room for a key at each end. */
export function keysOf(layout: KeyLayout, layer: 'letters' | 'signs', capitals: boolean): string[][] {
  const rows = (layer === 'signs' ? signs : letters[layout]).map((row) => [...row]);
  return capitals && layer === 'letters' ? rows.map((row) => row.map((key) => key.toUpperCase())) : rows;
}
