// Figures that are asked for again and again while somebody looks at them.

import type { Answer, UiError } from '../shell/port';

/** What happened is on the screen within five seconds, the way of the answer included. */
export const POLL_MS = 4_000;

/** Calls `look` now and at this pace while the page is visible; never twice at once. Returns how to stop. */
export function whileVisible(look: () => Promise<void>, every_ms: number = POLL_MS): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;
  let stopped = false;

  async function turn(): Promise<void> {
    clearTimeout(timer);
    if (looking || stopped || document.visibilityState === 'hidden') return;
    looking = true;
    const began = Date.now();
    await look();
    looking = false;
    if (!stopped) timer = setTimeout(() => void turn(), Math.max(0, began + every_ms - Date.now()));
  }

  const seen = (): void => void turn();
  document.addEventListener('visibilitychange', seen);
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}

/** The newest answer to a question. It stays while the next one is on its way or the server is away. */
export class Watched<Q, T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<UiError | null>(null);
  /** When `data` came, in milliseconds since 1970. */
  came_ms = $state(0);
  /** What `data` answers. */
  question = $state.raw<Q | null>(null);
  #ask: (question: Q) => Promise<Answer<T>>;
  #turn = 0;

  constructor(ask: (question: Q) => Promise<Answer<T>>) {
    this.#ask = ask;
  }

  async ask(question: Q): Promise<void> {
    const turn = ++this.#turn;
    const answer = await this.#ask(question);
    if (turn !== this.#turn) return;
    this.error = answer.status === 'error' ? answer.error : null;
    if (answer.status === 'ok') {
      this.data = answer.data;
      this.question = question;
      this.came_ms = Date.now();
    } else if (answer.error.code === 'forbidden' || question !== this.question) this.data = null;
  }
}
