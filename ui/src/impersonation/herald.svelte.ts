// What a screen reader hears of an impersonation: its beginning and the marks of its time, each once.

import { secondsLeft } from '../words/format';
import type { ImpersonationWords } from '../words/impersonation.fr';
import { type Mark, passed, type Times } from './marks';

export class Herald {
  /** Read out when there is a pause. */
  polite = $state('');
  /** Read out at once. */
  urgent = $state('');
  #heard_ms: number | null = null;

  /** Says what was passed since it heard of the time last. `spoken` tells a duration. */
  hear(
    times: Times,
    name: string,
    now: number,
    said: ImpersonationWords['banner']['said'],
    spoken: (seconds: number) => string,
  ): void {
    const before = this.#heard_ms;
    this.#heard_ms = now;
    const left = spoken(secondsLeft(times.ends_ms, now));
    if (before === null) return this.#say(said.begun(name, left), 'begun');
    const mark = passed(times, before, now);
    if (mark !== null) this.#say(said[mark](name, left), mark);
  }

  #say(sentence: string, what: Mark | 'begun'): void {
    const urgent = what === 'last' || what === 'over';
    this.polite = urgent ? '' : sentence;
    this.urgent = urgent ? sentence : '';
  }
}
