// Keyboards, scanners and persons for tests: layouts as tables, and a browser's default action for each key that a page
// lets through.

export interface Press {
  code: string;
  key: string;
  shift: boolean;
}

/** Each place's two characters, plain and with Shift, in the order of `PLACES`. */
const PLACES = [
  ...'1234567890'.split('').map((digit) => `Digit${digit}`),
  ...['Minus', 'Equal'],
  ...'QWERTYUIOP'.split('').map((letter) => `Key${letter}`),
  ...['BracketLeft', 'BracketRight', 'Backslash'],
  ...'ASDFGHJKL'.split('').map((letter) => `Key${letter}`),
  ...['Semicolon', 'Quote', 'Backquote'],
  ...'ZXCVBNM'.split('').map((letter) => `Key${letter}`),
  ...['Comma', 'Period', 'Slash', 'Space'],
];
const US = ["1234567890-=qwertyuiop[]\\asdfghjkl;'`zxcvbnm,./ ", '!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"~ZXCVBNM<>? '];
/** `^` and `¨` are dead keys on AZERTY: the first of them is written here as U+0000. */
const FR = ['&é"\'(-è_çà)=azertyuiop\0$*qsdfghjklmù²wxcvbn,;:! ', '1234567890°+AZERTYUIOP\0£µQSDFGHJKLM%~WXCVBN?./§ '];

export type Layout = 'us' | 'fr';
const rows: Record<Layout, string[]> = { us: US, fr: FR };

/** The key that a press of this place gives on this layout. */
export function keyAt(layout: Layout, code: string, shift: boolean): string {
  const digit = /^Numpad(\d)$/.exec(code)?.[1];
  const key = digit ?? rows[layout][shift ? 1 : 0]?.charAt(PLACES.indexOf(code)) ?? '';
  return key === '\0' ? 'Dead' : key;
}

/** How `text` is typed by whoever goes by `meant`, on a system with the layout `system`. */
export function presses(text: string, meant: Layout, system: Layout): Press[] {
  return [...text].map((character) => {
    const shift = !rows[meant][0]!.includes(character);
    const at = rows[meant][shift ? 1 : 0]!.indexOf(character);
    const code = PLACES[at];
    if (code === undefined) throw new Error(`no key for ${character} on ${meant}`);
    return { code, shift, key: keyAt(system, code, shift) };
  });
}

export const onKeypad = (digits: string): Press[] =>
  [...digits].map((digit) => ({ code: `Numpad${digit}`, key: digit, shift: false }));

export const ENTER: Press = { code: 'Enter', key: 'Enter', shift: false };
export const TAB: Press = { code: 'Tab', key: 'Tab', shift: false };
export const BACKSPACE: Press = { code: 'Backspace', key: 'Backspace', shift: false };
export const SHIFT: Press = { code: 'ShiftLeft', key: 'Shift', shift: true };

/** What a browser does with a key that nobody prevented: types, erases. Returns whether it was let through. */
export function strike(press: Press, at_ms: number, more: KeyboardEventInit = {}): boolean {
  const target = document.activeElement ?? document.body;
  const { code, key, shift: shiftKey } = press;
  const event = new KeyboardEvent('keydown', { code, key, shiftKey, bubbles: true, cancelable: true, ...more });
  Object.defineProperty(event, 'timeStamp', { value: at_ms });
  const through = target.dispatchEvent(event);
  if (through && !event.ctrlKey && !event.metaKey) act(key);
  document.activeElement?.dispatchEvent(new KeyboardEvent('keyup', { code, key, bubbles: true }));
  return through;
}

function act(key: string): void {
  const field = document.activeElement;
  if (field instanceof HTMLSelectElement) {
    const found = [...field.options].find((option) => option.text.startsWith(key));
    if (key.length === 1 && found) field.value = found.value;
    return;
  }
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  const [start, end] = [field.selectionStart ?? 0, field.selectionEnd ?? 0];
  const text = key.length === 1 ? key : key === 'Enter' && field instanceof HTMLTextAreaElement ? '\n' : '';
  if (text === '' && key !== 'Backspace') return;
  field.dispatchEvent(new InputEvent('beforeinput', { data: text, bubbles: true, cancelable: true }));
  field.setRangeText(text, text === '' && start === end ? Math.max(0, start - 1) : start, end, 'end');
  field.dispatchEvent(new InputEvent('input', { data: text, bubbles: true }));
}

/** Numbers that follow from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
