// A list that comes a page at a time.

import type { Answer, UiError } from '../shell/port';

export interface Page<T> {
  items: T[];
  next: string | null;
}

export class Pages<T> {
  items = $state.raw<T[] | null>(null);
  /** The mark of the next page, where there is one. */
  next = $state.raw<string | null>(null);
  error = $state.raw<UiError | null>(null);
  busy = $state(false);
  #ask: (after: string | null) => Promise<Answer<Page<T>>>;
  #turn = 0;

  constructor(ask: (after: string | null) => Promise<Answer<Page<T>>>) {
    this.#ask = ask;
  }

  /** Asks from the beginning; what is there stays until the answer comes. */
  async ask(): Promise<void> {
    await this.#load(null);
  }

  /** Asks for the page after the last. */
  async more(): Promise<void> {
    if (this.next !== null && !this.busy) await this.#load(this.next);
  }

  async #load(after: string | null): Promise<void> {
    const turn = ++this.#turn;
    this.busy = true;
    const answer = await this.#ask(after);
    if (turn !== this.#turn) return;
    this.busy = false;
    this.error = answer.status === 'error' ? answer.error : null;
    if (answer.status !== 'ok') return;
    this.items = after === null ? answer.data.items : [...(this.items ?? []), ...answer.data.items];
    this.next = answer.data.next;
  }
}

/** Reads pages until there are no more, or `most` things are there. */
export async function upTo<T>(
  most: number,
  ask: (after: string | null) => Promise<Answer<Page<T>>>,
): Promise<Answer<{ items: T[]; more: boolean }>> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const answer: Answer<Page<T>> = await ask(after);
    if (answer.status === 'error') return answer;
    items.push(...answer.data.items);
    after = answer.data.next;
  } while (after !== null && items.length < most);
  return { status: 'ok', data: { items, more: after !== null } };
}

/** Maps a good answer. */
export const mapped = <T, U>(answer: Answer<T>, map: (data: T) => U): Answer<U> =>
  answer.status === 'ok' ? { status: 'ok', data: map(answer.data) } : answer;
