// The language in force, for every screen at once.

import type { Language, UiError } from '../shell/port';
import * as format from './format';
import { fr, type Words } from './fr';

const all: Partial<Record<Language, Words>> = { fr };

/** French comes with the first screen; English only when it is wanted. */
async function fetched(language: Language): Promise<void> {
  if (language === 'en') all.en ??= (await import('./en')).en;
}

class Locale {
  language = $state<Language>('fr');

  get w(): Words {
    return all[this.language] ?? fr;
  }

  #wanted: Language = 'fr';

  /** Speaks `language` from when its words are there; the last wish wins. */
  async set(language: Language): Promise<void> {
    this.#wanted = language;
    if (!all[language]) await fetched(language);
    if (this.#wanted !== language) return;
    this.language = language;
    document.documentElement.lang = language;
  }

  money = (cents: number): string => format.money(cents, this.language);
  wholeMoney = (cents: number): string => format.wholeMoney(cents, this.language);
  weight = (grams: number): string => format.weight(grams, this.language);
  number = (value: number): string => format.number(value, this.language);
  time = (ms: number): string => format.time(ms, this.language);
  when = (ms: number, now: number = Date.now()): string => format.when(ms, now, this.language, this.w);
  moment = (ms: number, now: number = Date.now()): string => format.moment(ms, now, this.language);
  day = (ms: number, now: number = Date.now()): string => format.day(ms, now, this.language);
  duration = (seconds: number): string => format.duration(seconds, this.w);

  /** A sentence for an error, with the wait where one is known. */
  error = (error: UiError): string => {
    const sentence = this.w.errors[error.code] ?? this.w.errors.internal;
    return error.retry_after_seconds === null
      ? sentence
      : `${sentence} ${this.w.retryAfter(this.duration(error.retry_after_seconds))}`;
  };
}

export const locale = new Locale();
