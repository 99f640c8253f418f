// Money, weights, times and durations as each language writes them.

import type { Language } from '../shell/port';
import type { Words } from './fr';

const tags: Record<Language, string> = { fr: 'fr-FR', en: 'en-GB' };

const cached = <T>(make: (tag: string) => T): ((language: Language) => T) => {
  const made = new Map<Language, T>();
  return (language) => {
    let it = made.get(language);
    if (!it) made.set(language, (it = make(tags[language])));
    return it;
  };
};

const moneyIn = cached((tag) => new Intl.NumberFormat(tag, { style: 'currency', currency: 'EUR' }));
const wholeMoneyIn = cached(
  (tag) => new Intl.NumberFormat(tag, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }),
);
const kilogramsIn = cached((tag) => new Intl.NumberFormat(tag, { minimumFractionDigits: 3, maximumFractionDigits: 3 }));
const numberIn = cached((tag) => new Intl.NumberFormat(tag));
const timeIn = cached((tag) => new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit' }));
const dateIn = cached((tag) => new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'long' }));
const yearIn = cached((tag) => new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'long', year: 'numeric' }));
const shortDateIn = cached((tag) => new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' }));
const shortYearIn = cached((tag) => new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short', year: 'numeric' }));

/** `12,50 €` */
export const money = (cents: number, language: Language): string => moneyIn(language).format(cents / 100);

/** `20 €` */
export const wholeMoney = (cents: number, language: Language): string => wholeMoneyIn(language).format(cents / 100);

/** `1,250 kg` */
export const weight = (grams: number, language: Language): string =>
  `${kilogramsIn(language).format(grams / 1000)}\u00a0kg`;

export const number = (value: number, language: Language): string => numberIn(language).format(value);

/** `14:32` */
export const time = (ms: number, language: Language): string => timeIn(language).format(ms);

const sameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString();

/** `à 14:32` today, `le 3 mars à 14:32` otherwise; the year where it is another one. */
export function when(ms: number, now: number, language: Language, words: Words): string {
  if (sameDay(ms, now)) return words.when.today(time(ms, language));
  return words.when.day(dated(ms, now, language, dateIn, yearIn), time(ms, language));
}

/** `14:32` today, `3 janv., 14:32` otherwise. */
export const moment = (ms: number, now: number, language: Language): string =>
  sameDay(ms, now) ? time(ms, language) : `${day(ms, now, language)}, ${time(ms, language)}`;

/** `3 janv.`, with the year where it is another one. */
export const day = (ms: number, now: number, language: Language): string =>
  dated(ms, now, language, shortDateIn, shortYearIn);

type Dates = (language: Language) => Intl.DateTimeFormat;

function dated(ms: number, now: number, language: Language, within: Dates, beyond: Dates): string {
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  const date = (sameYear ? within : beyond)(language).format(ms);
  return language === 'fr' ? date.replace(/^1 /, '1er ') : date;
}

/** Whole seconds left until `deadline`, never below zero. */
export const secondsLeft = (deadline: number, now: number): number => Math.max(0, Math.ceil((deadline - now) / 1000));

/** `20 s`, `2 min`, `4 min 10 s`, `1 h 05`. */
export function duration(seconds: number, words: Words): string {
  if (seconds < 60) return words.duration.seconds(seconds);
  if (seconds < 3600) {
    const [m, s] = [Math.floor(seconds / 60), seconds % 60];
    return s === 0 ? words.duration.minutes(m) : words.duration.minutesSeconds(m, s);
  }
  return words.duration.hours(Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
}

/** `2:14`, or `1:02:14` from an hour on. */
export function stopwatch(seconds: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
