// Typing into a field from the program, as the browser does it for a key: with input events, and with undo in order.

export type Typable = HTMLInputElement | HTMLTextAreaElement;

const TYPES = new Set(['text', 'search', 'password', 'email', 'tel', 'url', 'number']);

/** The field that takes what is typed; nothing where `element` is none. */
export function typable(element: EventTarget | null): Typable | null {
  const isField =
    element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && TYPES.has(element.type));
  return isField && !element.readOnly && !element.disabled ? element : null;
}

/** An editing command of the browser's own, which keeps its undo in order. False where it has none. */
export function edit(command: 'delete' | 'insertText', text?: string): boolean {
  return typeof document.execCommand === 'function' && document.execCommand(command, false, text);
}

function replace(field: Typable, text: string, start: number, end: number): void {
  field.setRangeText(text, start, end, 'end');
  const inputType = text === '' ? 'deleteContentBackward' : 'insertText';
  field.dispatchEvent(new InputEvent('input', { data: text === '' ? null : text, inputType, bubbles: true }));
}

/** Types `text` into the field as if it came from the keyboard. The focus stays where it is. */
export function typeInto(field: Typable, text: string): void {
  if (document.activeElement === field && edit('insertText', text)) return;
  const end = field.value.length;
  replace(field, text, field.selectionStart ?? end, field.selectionEnd ?? end);
}

/** Erases what is selected, else the character before the cursor. */
export function eraseIn(field: Typable): void {
  if (document.activeElement === field && edit('delete')) return;
  const end = field.selectionEnd ?? field.value.length;
  const start = field.selectionStart ?? end;
  const last = [...field.value.slice(0, end)].at(-1)?.length ?? 0;
  if (end > 0) replace(field, '', start === end ? end - last : start, end);
}

/** Presses Enter in the field: for whoever listens, else for its form. */
export function enterIn(field: Typable): void {
  const press = new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true });
  if (!field.dispatchEvent(press)) return;
  if (field instanceof HTMLTextAreaElement) typeInto(field, '\n');
  else field.form?.requestSubmit();
}
