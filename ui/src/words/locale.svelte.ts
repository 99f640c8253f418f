// The language in force, for every screen at once.

import type { Language, UiError } from '../shell/port';
import { en } from './en';
import * as format from './format';
import { fr, type Words } from './fr';

const all: Record<Language, Words> = { fr, en };

class Locale {
  language = $state<Language>('fr');

  get w(): Words {
    return all[this.language];
  }

  set(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
  }

  money = (cents: number): string => format.money(cents, this.language);
  wholeMoney = (cents: number): string => format.wholeMoney(cents, this.language);
  weight = (grams: number): string => format.weight(grams, this.language);
  number = (value: number): string => format.number(value, this.language);
  time = (ms: number): string => format.time(ms, this.language);
  when = (ms: number, now: number = Date.now()): string => format.when(ms, now, this.language, this.w);
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
