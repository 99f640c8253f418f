// A list asked from the shell: waiting, there, or not to be had.

import type { Answer, UiError } from '../shell/port';

export class Asked<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<UiError | null>(null);
  #ask: () => Promise<Answer<T>>;
  #turn = 0;

  constructor(ask: () => Promise<Answer<T>>) {
    this.#ask = ask;
  }

  /** Asks anew; what is there stays until the answer comes. */
  async ask(): Promise<void> {
    const turn = ++this.#turn;
    const answer = await this.#ask();
    if (turn !== this.#turn) return;
    this.error = answer.status === 'error' ? answer.error : null;
    if (answer.status === 'ok') this.data = answer.data;
  }
}
