// Short messages that leave by themselves, some with a way back or on.

export interface Toast {
  id: number;
  words: string;
  /** What a press on it does: the way back, where it has no name of its own. */
  undo: (() => void) | null;
  label: string | null;
}

const STAYS_MS = 8_000;

export class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;

  show(words: string, undo: (() => void) | null = null, label: string | null = null): void {
    const id = this.#next++;
    const others = this.list.filter((toast) => toast.words !== words);
    this.list = [...others.slice(-1), { id, words, undo, label }];
    setTimeout(() => this.drop(id), STAYS_MS);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
