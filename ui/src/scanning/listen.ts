// Listens to every key before the page does, and hands over what a scanner typed.
//
// The first key of a burst goes through at once, so that a person never waits for what she types; those that follow faster
// than a person types wait for at most GAP_MS. So a scan has written one character when its end is known, and that one is
// undone; where a slow machine let more through, all of them are.

import { typable, typeInto } from '../keyboard/typing';
import { ScannerReader } from './code';
import type { Scan } from './takers';
import { Traces } from './traces';
import { GAP_MS, type Reading, type Stroke, Wedge } from './wedge';

function strokeOf(event: KeyboardEvent): Stroke {
  const altgr = event.getModifierState('AltGraph');
  const active = document.activeElement;
  return {
    code: event.code,
    key: event.key,
    shift: event.shiftKey,
    altgr,
    command: event.metaKey || (!altgr && (event.ctrlKey || event.altKey)),
    composing: event.isComposing,
    repeat: event.repeat,
    at_ms: event.timeStamp,
    acts: typable(active) !== null || (event.key === ' ' && active instanceof HTMLButtonElement),
  };
}

function stop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Listens until the returned function is called. `isReal` is the browser's own mark of keys that a device pressed. */
export function watchScanner(
  onscan: (scan: Scan) => void,
  isReal: (event: Event) => boolean = (event) => event.isTrusted,
): () => void {
  const wedge = new Wedge();
  const traces = new Traces();
  const reader = new ScannerReader();
  let into: Element | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Gives back what waited: it was a person's. */
  function release(): void {
    clearTimeout(timer);
    const text = wedge.take();
    if (text === '') return;
    const field = typable(into);
    if (field?.isConnected) typeInto(field, text);
    else if (into instanceof HTMLButtonElement && text.endsWith(' ')) into.click();
  }

  function scanned(reading: Reading): void {
    clearTimeout(timer);
    const field = typable(traces.focus);
    traces.undo();
    onscan({
      code: reader.read(reading),
      secret: field !== null && (field.type === 'password' || field.autocomplete.includes('password')),
      putBack:
        field &&
        (() => {
          if (!field.isConnected) return;
          field.focus();
          typeInto(field, reading.characters ?? reading.places ?? '');
        }),
    });
  }

  function down(event: KeyboardEvent): void {
    if (!isReal(event)) return;
    // What waits belongs to the field where it was typed, though the focus is in another by now.
    if (document.activeElement !== into) release();
    const verdict = wedge.down(strokeOf(event));
    switch (verdict.kind) {
      case 'ignore':
        return;
      case 'pass':
        return release();
      case 'begin':
        release();
        return traces.begin();
      case 'hold':
        into = document.activeElement;
        clearTimeout(timer);
        timer = setTimeout(release, GAP_MS);
        return stop(event);
      case 'swallow':
        return stop(event);
      case 'scan':
        stop(event);
        return scanned(verdict.reading);
    }
  }

  const writes = (event: Event): void => traces.note(event.target);
  addEventListener('keydown', down, true);
  addEventListener('beforeinput', writes, true);
  addEventListener('pointerdown', release, true);
  addEventListener('compositionstart', release, true);
  addEventListener('blur', release);
  return () => {
    release();
    removeEventListener('keydown', down, true);
    removeEventListener('beforeinput', writes, true);
    removeEventListener('pointerdown', release, true);
    removeEventListener('compositionstart', release, true);
    removeEventListener('blur', release);
  };
}
