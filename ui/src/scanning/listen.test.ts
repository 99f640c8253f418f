// A scanner and a person at one keyboard: every scan is read, none of it stays in a field, and nothing typed is lost.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  BACKSPACE,
  ENTER,
  type Layout,
  onKeypad,
  type Press,
  presses,
  seeded,
  SHIFT,
  strike,
  TAB,
} from '../../tests/keyboards';
import { watchScanner } from './listen';
import type { Scan } from './takers';
import { GAP_MS } from './wedge';

let scans: Scan[] = [];
let stop: () => void = () => undefined;
const heard: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = `<input id="text" /><textarea id="area"></textarea><input id="secret" type="password" />
    <button id="press">Encaisser</button><select id="pick"><option>0</option><option>A</option><option>3</option></select>`;
  scans = [];
  heard.length = 0;
  document.addEventListener('keydown', note);
  stop = watchScanner(
    (scan) => void scans.push(scan),
    () => true,
  );
});

afterEach(() => {
  stop();
  document.removeEventListener('keydown', note);
});

const note = (event: KeyboardEvent): void => void heard.push(event.key);
const codes = (): string[] => scans.map((scan) => scan.code);
const field = (id = 'text'): HTMLInputElement => document.getElementById(id) as HTMLInputElement;

/** The time of the keys, which the device's clock gives them. */
let clock = 1_000;
const wait = (ms: number): void => {
  clock += ms;
  vi.advanceTimersByTime(ms);
};

/** What a scanner does: Shift around each capital, keys a few milliseconds apart, and a key at the end. */
function scan(keys: Press[], { gap = 4, end = ENTER as Press | null, late = 0 } = {}): void {
  for (const press of end ? [...keys, end] : keys) {
    clock += gap;
    vi.advanceTimersByTime(late || gap);
    if (press.shift) strike(SHIFT, clock);
    strike(press, clock);
  }
}

function type(text: string, layout: Layout = 'us', gap = 120): void {
  for (const press of presses(text, layout, layout)) {
    wait(gap);
    strike(press, clock);
  }
}

const EAN = '3760123450018';

describe('a scan', () => {
  it.each(['us', 'fr'] as const)('is read by the places of the keys on %s, and stays in no field', (layout) => {
    field().focus();
    scan(presses(`Ab-${EAN}`, 'us', layout));
    expect(codes()).toEqual([`Ab-${EAN}`]);
    expect(field().value).toBe('');
    expect(heard).not.toContain('Enter');
  });

  it('of a scanner that was set to AZERTY is read by its characters, letters too once a number told so', () => {
    field().focus();
    scan(presses(EAN, 'fr', 'fr'));
    wait(500);
    scan(presses('MAQ-ZWA', 'fr', 'fr'));
    wait(500);
    scan(presses(EAN, 'us', 'fr'));
    wait(500);
    scan(presses('MAQ-ZWA', 'us', 'fr'));
    expect(codes()).toEqual([EAN, 'MAQ-ZWA', EAN, 'MAQ-ZWA']);
    expect(field().value).toBe('');
  });

  it('ends with Tab or the Enter of the keypad as well, and comes from the keypad too', () => {
    field().focus();
    scan(presses('LAB42', 'us', 'us'), { end: TAB });
    wait(500);
    scan(onKeypad(EAN), { end: { ...ENTER, code: 'NumpadEnter' } });
    expect(codes()).toEqual(['LAB42', EAN]);
    expect(heard.filter((key) => key === 'Tab' || key === 'Enter')).toEqual([]);
  });

  it('of a keypad without its digits moves nothing', () => {
    field().value = 'abc';
    field().focus();
    field().setSelectionRange(1, 2);
    const moved = onKeypad('1234').map((press) => ({ ...press, key: 'End' }));
    scan(moved);
    expect(codes()).toEqual(['1234']);
    expect([field().selectionStart, field().selectionEnd]).toEqual([1, 2]);
  });

  it('that ends with two keys presses nothing by the second', () => {
    field('press').focus();
    scan([...presses('LAB42', 'us', 'us'), ENTER, TAB], { end: null });
    expect(codes()).toEqual(['LAB42']);
    expect(heard).not.toContain('Enter');
    expect(heard).not.toContain('Tab');
    wait(GAP_MS + 1);
    expect(strike(ENTER, clock)).toBe(true);
  });

  it('puts back what it wrote over, with the selection as it was', () => {
    field().value = 'douze chaises';
    field().focus();
    field().setSelectionRange(6, 13, 'backward');
    scan(presses(EAN, 'us', 'fr'));
    expect(field().value).toBe('douze chaises');
    const { selectionStart, selectionEnd, selectionDirection } = field();
    expect([selectionStart, selectionEnd, selectionDirection]).toEqual([6, 13, 'backward']);
  });

  it('leaves a choice, a press and the focus as they were', () => {
    const pick = document.getElementById('pick') as HTMLSelectElement;
    pick.focus();
    scan(presses(EAN, 'us', 'us'));
    expect(pick.value).toBe('0');
    field('press').focus();
    const moves = (): void => field().focus();
    document.addEventListener('keydown', moves);
    scan(presses(EAN, 'us', 'us'));
    document.removeEventListener('keydown', moves);
    expect(field().value).toBe('');
    expect(document.activeElement?.id).toBe('press');
    expect(codes()).toEqual([EAN, EAN]);
  });

  it('is known by the times of the keys where a slow machine hears of them late, or one by one', () => {
    field().focus();
    type('abc');
    wait(300);
    scan(presses(EAN, 'us', 'fr'), { late: 0.001 });
    wait(300);
    scan(presses(EAN, 'us', 'fr'), { late: 180 });
    expect(codes()).toEqual([EAN, EAN]);
    expect(field().value).toBe('abc');
  });

  it('in a password is marked as secret, and can be put back', () => {
    field('secret').focus();
    scan(presses('Secret-12', 'us', 'us'));
    expect(scans[0]!.secret).toBe(true);
    expect(field('secret').value).toBe('');
    scans[0]!.putBack!();
    expect(field('secret').value).toBe('Secret-12');
  });

  it('of labels alone is read by what has more letters and digits, on whichever layout the scanner is', () => {
    scan(presses('LAB-0042', 'fr', 'fr'));
    wait(500);
    scan(presses('LAB-0042', 'us', 'fr'));
    expect(codes()).toEqual(['LAB-0042', 'LAB-0042']);
  });

  it('without a name before it, or with one, is the same code', () => {
    scan(presses(`]E0${EAN}`, 'us', 'us'));
    expect(codes()).toEqual([EAN]);
  });
});

describe('a person', () => {
  it('is never taken for a scanner: neither fast, nor with a key held down, nor a list of keys without an end', () => {
    field().focus();
    type('12,50', 'us', 40);
    wait(40);
    expect(strike(ENTER, clock)).toBe(true);
    type('abc', 'us', 20);
    wait(20);
    expect(strike(ENTER, clock)).toBe(true);
    for (let held = 0; held < 20; held++) {
      wait(30);
      strike({ code: 'KeyX', key: 'x', shift: false }, clock, { repeat: held > 0 });
    }
    strike(ENTER, clock);
    type('vite', 'us', 5);
    wait(GAP_MS + 10);
    expect(strike(ENTER, clock)).toBe(true);
    expect(codes()).toEqual([]);
    expect(field().value).toBe(`12,50abc${'x'.repeat(20)}vite`);
  });

  it('waits for no key, and for at most GAP_MS where two come together', () => {
    field().focus();
    type('a');
    expect(field().value).toBe('a');
    type('b', 'us', 20);
    expect(field().value).toBe('a');
    wait(GAP_MS);
    expect(field().value).toBe('ab');
  });

  it('finds what she typed in order, whatever comes right after it', () => {
    field().focus();
    type('ab', 'us', 10);
    wait(5);
    strike(BACKSPACE, clock);
    expect(field().value).toBe('a');
    type('cd', 'us', 10);
    window.dispatchEvent(new MouseEvent('pointerdown'));
    expect(field().value).toBe('acd');
    type('ef', 'us', 10);
    strike({ code: 'KeyS', key: 's', shift: false }, clock, { ctrlKey: true });
    expect(field().value).toBe('acdef');
    type('gh', 'us', 10);
    field('area').focus();
    wait(GAP_MS);
    expect(field().value).toBe('acdefgh');
    expect(field('area').value).toBe('');
    expect(document.activeElement?.id).toBe('area');
  });

  it('finds each part in its field where the focus moves between two keys', () => {
    field().focus();
    type('camille', 'us', 2);
    field('secret').focus();
    type('quatre mots', 'us', 2);
    wait(GAP_MS);
    expect([field().value, field('secret').value]).toEqual(['camille', 'quatre mots']);
  });

  it('composes accents and signs undisturbed', () => {
    for (const more of [{ key: 'Dead' }, { key: 'Process' }, { isComposing: true }]) {
      for (const press of presses('1234', 'us', 'us')) {
        wait(4);
        expect(strike({ ...press, key: more.key ?? press.key }, clock, more)).toBe(true);
      }
      wait(4);
      expect(strike(ENTER, clock, more)).toBe(true);
    }
    expect(codes()).toEqual([]);
  });

  it('types more than any code holds, however fast, and it is all there', () => {
    field('area').focus();
    const long = 'x1'.repeat(400);
    scan(presses(long, 'us', 'us'), { gap: 1 });
    wait(GAP_MS);
    expect(codes()).toEqual([]);
    expect(field('area').value).toBe(`${long}\n`);
  });
});

describe('a thousand scans between what a person types', () => {
  const seed = Number(process.env['VIGIE_SEED'] ?? Date.now() % 1_000_000);

  it.each(['us', 'fr'] as const)(
    `are all read on %s, and the text is what she typed (VIGIE_SEED=${seed})`,
    (system) => {
      const random = seeded(seed + (system === 'fr' ? 1 : 0));
      const upTo = (most: number): number => Math.floor(random() * most);
      const pick = <T>(of: readonly T[]): T => of[upTo(of.length)]!;
      const of = (signs: string, long: number): string => Array.from({ length: long }, () => pick([...signs])).join('');
      const expected: string[] = [];
      const texts: Record<string, string> = { text: '', area: '', secret: '' };
      // A number tells the scanner's own layout, as the first article of a day does.
      scan(presses(EAN, 'us', system));
      scans = [];

      for (let turn = 0; turn < 1_000; turn++) {
        const where = pick(['text', 'area', 'secret', 'press', 'pick']);
        field(where).focus();
        for (let word = upTo(3); word > 0; word--) human(where);
        wait(120 + upTo(400));
        const kind = upTo(4);
        const code =
          kind === 0
            ? of('0123456789', pick([8, 12, 13, 14]))
            : kind === 1
              ? of('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-', 4 + upTo(17))
              : of(
                  'abcXYZ019-_./+$%:;,<>=?!@#&*()\'"|\\~]^ '.replaceAll(system === 'fr' ? /\^/g : / /g, ''),
                  8 + upTo(25),
                ).trim() + 'Z';
        const keys = kind === 0 && random() < 0.3 ? onKeypad(code) : presses(code, 'us', system);
        const late = pick([0, 0, 0, 0.001, 60 + upTo(200)]);
        scan(keys, { gap: 1 + upTo(25), end: pick([ENTER, TAB]), late });
        expected.push(code.replace(/^\][A-Za-z][0-9A-Za-z]/, '').trim());
        expect(codes().length, `turn ${turn}: ${code} in ${where}`).toBe(expected.length);
        expect(codes().at(-1), `turn ${turn} in ${where}`).toBe(expected.at(-1));
        check(`after scan ${turn}`);
      }
      expect(codes()).toEqual(expected);

      function check(when: string): void {
        for (const [id, text] of Object.entries(texts)) expect(field(id).value, `${id} ${when}`).toBe(text);
      }

      /** A word at a person's pace: two keys at once now and then, a slip, an Enter at the end. */
      function human(where: string): void {
        let rolls = 0;
        for (const press of presses(of('abcdefghi jklmnop2345', 1 + upTo(12)), system, system)) {
          const rolled = rolls < 3 && random() < 0.25;
          rolls = rolled ? rolls + 1 : 0;
          wait(rolled ? 8 + upTo(40) : 55 + upTo(250));
          const slip = random() < 0.08;
          strike(slip ? BACKSPACE : press, clock);
          const before = texts[where];
          if (before !== undefined) texts[where] = slip ? before.slice(0, -1) : before + press.key;
        }
        if (random() < 0.3) {
          wait(55 + upTo(200));
          expect(strike(ENTER, clock), 'her Enter goes through').toBe(true);
          if (where === 'area') texts['area'] += '\n';
        }
        wait(60);
        check('after typing');
        expect(codes().length).toBe(expected.length);
      }
    },
    90_000,
  );
});
