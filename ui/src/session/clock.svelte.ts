// The one clock that countdowns are rendered from. It ticks only while something on the screen reads it.

import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 250;

class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, TICK_MS);
    return () => clearInterval(timer);
  });

  /** Milliseconds since 1970. */
  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const clock = new Clock();
