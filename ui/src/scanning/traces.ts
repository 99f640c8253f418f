// What the first keys of a scan left on the screen before they were known for a scan's, and its undoing.

import { edit, type Typable, typable } from '../keyboard/typing';

interface Before {
  value: string;
  start: number | null;
  end: number | null;
  direction: 'forward' | 'backward' | 'none' | null;
}

type Kept = Typable | HTMLSelectElement;

const heard = (field: Kept, kind: 'input' | 'change'): void => {
  field.dispatchEvent(new Event(kind, { bubbles: true }));
};

function before(field: Kept): Before {
  if (field instanceof HTMLSelectElement) return { value: field.value, start: null, end: null, direction: null };
  const { value, selectionStart: start, selectionEnd: end, selectionDirection: direction } = field;
  return { value, start, end, direction };
}

/** Takes the typed characters away again where they stand, with what they replaced put back. */
function takeBack(field: Typable, { value, start, end }: Before): void {
  if (start === null || end === null || document.activeElement !== field) return;
  const tail = value.length - end;
  const caret = field.value.length - tail;
  if (field.selectionStart !== caret || field.selectionEnd !== caret) return;
  for (let at = caret; at > start && edit('delete');) {
    const now = field.value.length - tail;
    if (now >= at) break;
    at = now;
  }
  const replaced = value.slice(start, end);
  if (replaced !== '' && field.value.length === value.length - replaced.length) edit('insertText', replaced);
}

function restore(field: Kept, was: Before): void {
  if (!field.isConnected) return;
  if (field instanceof HTMLSelectElement) {
    if (field.value === was.value) return;
    field.value = was.value;
    heard(field, 'input');
    return heard(field, 'change');
  }
  if (field.value !== was.value) takeBack(field, was);
  if (field.value !== was.value) {
    field.value = was.value;
    heard(field, 'input');
  }
  if (was.start !== null && was.end !== null && document.activeElement === field)
    field.setSelectionRange(was.start, was.end, was.direction ?? 'none');
}

export class Traces {
  #kept = new Map<Kept, Before>();
  #focus: HTMLElement | null = null;

  /** The element that had the focus when the first key came. */
  get focus(): HTMLElement | null {
    return this.#focus;
  }

  begin(): void {
    this.#kept.clear();
    this.#focus = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.note(this.#focus);
  }

  /** Remembers a field as it is before something is written into it. */
  note(target: EventTarget | null): void {
    const field = target instanceof HTMLSelectElement ? target : typable(target);
    if (field && !this.#kept.has(field)) this.#kept.set(field, before(field));
  }

  undo(): void {
    for (const [field, was] of this.#kept) restore(field, was);
    this.#kept.clear();
    const focus = this.#focus;
    if (focus && focus !== document.body && focus.isConnected && document.activeElement !== focus)
      focus.focus({ preventScroll: true });
  }
}
