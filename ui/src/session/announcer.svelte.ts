// What a screen reader hears of the banner: changes of state, and a few marks of a countdown.

import { secondsLeft } from '../words/format';
import type { Words } from '../words/fr';
import { type BannerText, markPassed } from './bannerText';

export class Announcer {
  /** Read out when there is a pause. */
  polite = $state('');
  /** Read out at once. */
  urgent = $state('');
  #key: string | null = null;
  #deadline: number | null = null;
  #seconds = Number.POSITIVE_INFINITY;

  hear(text: BannerText | null, now: number, words: Words): void {
    if (text === null) {
      if (this.#key !== null) this.#say(words.banner.back, false);
      this.#key = null;
      this.#deadline = null;
      return;
    }
    const seconds = text.announced_ms === null ? Number.POSITIVE_INFINITY : secondsLeft(text.announced_ms, now);
    if (text.key !== this.#key) {
      this.#key = text.key;
      this.#say([text.lead, text.countdown, text.rest].filter(Boolean).join(' '), text.severity === 'error');
    } else if (text.announced_ms !== null && text.announced_ms === this.#deadline) {
      const mark = markPassed(this.#seconds, seconds);
      if (mark !== null) this.#say(words.banner.mark(words.duration.spoken(mark)), mark <= 60);
    }
    this.#deadline = text.announced_ms;
    this.#seconds = seconds;
  }

  #say(sentence: string, urgent: boolean): void {
    this.polite = urgent ? '' : sentence;
    this.urgent = urgent ? sentence : '';
  }
}
