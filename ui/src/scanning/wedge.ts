// Tells a scanner that types from a person who types: by the times of the keys and by the key that ends them. It decides
// only; it holds no field and no timer.

import { atPlace } from './layout';

/** Keys of one scan follow each other within this time. A key that is held back waits no longer. */
export const GAP_MS = 50;
/** A scanner's keys come this fast in the mean; a person would have to type 28 characters a second. */
export const MEAN_MS = 35;
export const MIN_CHARS = 4;
/** What is longer is let through: nothing is held back without end. */
export const MAX_CHARS = 512;

/** A key that went down. */
export interface Stroke {
  code: string;
  key: string;
  shift: boolean;
  altgr: boolean;
  /** With Ctrl, Alt or Meta, other than for AltGr. */
  command: boolean;
  composing: boolean;
  repeat: boolean;
  /** When it went down, not when the page heard of it. */
  at_ms: number;
  /** Whether letting it through would write or press something. */
  acts: boolean;
}

/** What was scanned, read in two ways; nothing for a way in which one of the keys has no character. */
export interface Reading {
  /** By the places of the keys: right for a scanner with the layout from the factory, whatever the system's is. */
  places: string | null;
  /** By the characters that arrived: right for a scanner that was set to the system's layout. */
  characters: string | null;
}

export type Verdict =
  /** A key such as Shift, which says nothing. */
  | { kind: 'ignore' }
  /** The key goes its way, after what is held back. */
  | { kind: 'pass' }
  /** The same, and it may be the first of a scan. */
  | { kind: 'begin' }
  /** The key waits. */
  | { kind: 'hold' }
  /** The key belongs to a scan that is over. */
  | { kind: 'swallow' }
  /** The key ends a scan; what was held back is dropped. */
  | { kind: 'scan'; reading: Reading };

const MODIFIERS = new Set(['Shift', 'CapsLock', 'NumLock', 'AltGraph', 'Control', 'Alt', 'Meta']);
const ENDS = new Set(['Enter', 'NumpadEnter', 'Tab']);

interface Burst {
  first_ms: number;
  last_ms: number;
  count: number;
  places: string | null;
  characters: string | null;
}

const joined = (before: string | null, next: string | null): string | null =>
  before === null || next === null ? null : before + next;

export class Wedge {
  #burst: Burst | null = null;
  #held = '';
  #scanned_ms = Number.NEGATIVE_INFINITY;

  /** What is held back, which from now on is the caller's. */
  take(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  down(stroke: Stroke): Verdict {
    if (MODIFIERS.has(stroke.key)) return { kind: 'ignore' };
    const { at_ms } = stroke;
    const burst = this.#burst;
    const follows = burst !== null && at_ms >= burst.last_ms && at_ms - burst.last_ms <= GAP_MS;
    if (ENDS.has(stroke.code) && !stroke.shift && !stroke.command && !stroke.composing) {
      this.#burst = null;
      const fast = follows && (at_ms - burst.first_ms) / burst.count <= MEAN_MS;
      if (fast && burst.count >= MIN_CHARS && burst.count <= MAX_CHARS && !stroke.repeat) {
        this.#held = '';
        this.#scanned_ms = at_ms;
        return { kind: 'scan', reading: { places: burst.places, characters: burst.characters } };
      }
      // Some scanners end with two keys.
      if (burst === null && at_ms >= this.#scanned_ms && at_ms - this.#scanned_ms <= GAP_MS) return { kind: 'swallow' };
      return { kind: 'pass' };
    }
    const character = [...stroke.key].length === 1 ? stroke.key : null;
    const place = stroke.altgr ? null : atPlace(stroke.code, stroke.shift);
    if (stroke.command || stroke.composing || stroke.repeat || (character === null && !isKeypad(stroke.code))) {
      this.#burst = null;
      return { kind: 'pass' };
    }
    if (!follows) {
      this.#burst = { first_ms: at_ms, last_ms: at_ms, count: 1, places: place, characters: character };
      return { kind: 'begin' };
    }
    burst.last_ms = at_ms;
    burst.count += 1;
    if (burst.count > MAX_CHARS) return { kind: 'pass' };
    burst.places = joined(burst.places, place);
    burst.characters = joined(burst.characters, character);
    // A key without a character, such as an arrow of the numeric keypad, could not be given back later.
    if (!stroke.acts || character === null) return { kind: 'pass' };
    this.#held += character;
    return { kind: 'hold' };
  }
}

const isKeypad = (code: string): boolean => /^Numpad\d$/.test(code);
