// An organisation's alert settings as typed, and what does not make sense in them; the server has the last word.

import type { MonitoringSettings, OpeningHours } from '../shell/port';
import type { AlertWords } from '../words/alerts.fr';

/** Numbers that are typed, with their range and, where empty means never, that. */
export const numbers = {
  refresh_failure_percent: { range: [1, 100], optional: false },
  refresh_least: { range: [1, 100_000], optional: false },
  login_failures_of_account: { range: [1, 100_000], optional: true },
  login_failures_of_network: { range: [1, 100_000], optional: true },
  no_refresh_minutes: { range: [5, 1_440], optional: true },
  retention_days: { range: [1, 365], optional: false },
  repeat_minutes: { range: [15, 10_080], optional: true },
} as const;

export type NumberField = keyof typeof numbers;

/** What a fresh organisation starts with. */
export const defaults: Partial<Record<NumberField, number>> = {
  refresh_failure_percent: 5,
  refresh_least: 20,
  login_failures_of_account: 10,
  login_failures_of_network: 50,
  retention_days: 30,
};

const DAYS = 7;
const SPANS_MOST = 28;
const RECIPIENTS_MOST = 20;
const DAY_MINUTES = 1_440;

/** A span of opening as typed. */
export interface Span {
  opens: string;
  closes: string;
}

export type Typed = Record<NumberField, string> & {
  time_zone: string;
  recipients: string;
  webhook_url: string;
  language: NonNullable<MonitoringSettings['language']>;
  /** Monday first. */
  week: Span[][];
};

/** Where something is wrong; a day of the week too. */
export interface Wrong {
  field: keyof MonitoringSettings;
  day?: number;
  reason: string;
}

export const clockOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** Minutes since midnight of `9:00`, `09:00`, `9h`, `9h30`, `24:00`. */
export function minutesOf(text: string): number | null {
  const match = /^(\d{1,2})\s*(?:[:hH.]\s*(\d{2})?)?$/.exec(text.trim());
  if (!match) return null;
  const [hours, minutes] = [Number(match[1]), Number(match[2] ?? 0)];
  const sum = hours * 60 + minutes;
  return minutes > 59 || sum > DAY_MINUTES ? null : sum;
}

export function asTyped(settings: MonitoringSettings): Typed {
  const week: Span[][] = Array.from({ length: DAYS }, () => []);
  const hours = (settings.opening_hours ?? []).toSorted((a, b) => a.opens_minute - b.opens_minute);
  for (const { weekday, opens_minute, closes_minute } of hours)
    week[weekday - 1]?.push({ opens: clockOf(opens_minute), closes: clockOf(closes_minute) });
  const figures = Object.fromEntries(
    (Object.keys(numbers) as NumberField[]).map((field) => [field, settings[field]?.toString() ?? '']),
  ) as Record<NumberField, string>;
  return {
    ...figures,
    time_zone: settings.time_zone,
    recipients: (settings.recipients ?? []).join('\n'),
    webhook_url: settings.webhook_url ?? '',
    language: settings.language ?? 'french',
    week,
  };
}

const whole = (text: string): number | null => (/^\d{1,6}$/.test(text.trim()) ? Number(text.trim()) : null);

export const linesOf = (text: string): string[] =>
  text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** A coarse look: the mail server decides what it takes. */
export const isAddress = (text: string): boolean => /^[^\s@<>"]+@[^\s@<>"]+$/.test(text);

/** Whether this engine knows the zone. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

function readWeek(week: Span[][], words: AlertWords['wrong']): OpeningHours[] | Wrong {
  const hours: OpeningHours[] = [];
  for (const [day, spans] of week.entries()) {
    const wrong = (reason: string): Wrong => ({ field: 'opening_hours', day, reason });
    const read = spans.map(({ opens, closes }) => [minutesOf(opens), minutesOf(closes)] as const);
    const whole = read.filter((span): span is readonly [number, number] => span[0] !== null && span[1] !== null);
    if (whole.length < read.length) return wrong(words.time);
    if (whole.some(([opens, closes]) => closes <= opens)) return wrong(words.order);
    const sorted = whole.toSorted((a, b) => a[0] - b[0]);
    if (sorted.some(([opens], index) => index > 0 && opens < sorted[index - 1]![1])) return wrong(words.overlap);
    for (const [opens_minute, closes_minute] of sorted) hours.push({ weekday: day + 1, opens_minute, closes_minute });
  }
  return hours.length > SPANS_MOST ? { field: 'opening_hours', reason: words.spans } : hours;
}

/** The settings typed, or the first field that does not fit with its reason. */
export function readMonitoring(
  typed: Typed,
  words: AlertWords['wrong'],
  number: (value: number) => string,
): { settings: MonitoringSettings } | Wrong {
  const figures: Partial<Record<NumberField, number>> = {};
  for (const [field, { range, optional }] of Object.entries(numbers) as [
    NumberField,
    (typeof numbers)[NumberField],
  ][]) {
    if (optional && typed[field].trim() === '') continue;
    const value = whole(typed[field]);
    const [low, high] = range;
    if (value === null || value < low || value > high) return { field, reason: words.range(number(low), number(high)) };
    figures[field] = value;
  }
  const opening_hours = readWeek(typed.week, words);
  if (!Array.isArray(opening_hours)) return opening_hours;
  if (figures.no_refresh_minutes !== undefined && opening_hours.length === 0)
    return { field: 'opening_hours', reason: words.hours };
  const time_zone = typed.time_zone.trim();
  if (!isZone(time_zone)) return { field: 'time_zone', reason: words.zone };
  const recipients = linesOf(typed.recipients);
  const stray = recipients.find((line) => !isAddress(line));
  if (stray !== undefined) return { field: 'recipients', reason: words.address(stray) };
  if (recipients.length > RECIPIENTS_MOST) return { field: 'recipients', reason: words.addresses };
  const webhook_url = typed.webhook_url.trim();
  if (webhook_url !== '' && !(webhook_url.startsWith('https://') && URL.canParse(webhook_url)))
    return { field: 'webhook_url', reason: words.url };
  const { retention_days = 0, refresh_failure_percent = 0, refresh_least = 0, ...never } = figures;
  return {
    settings: {
      retention_days,
      refresh_failure_percent,
      refresh_least,
      ...never,
      opening_hours,
      time_zone,
      recipients,
      language: typed.language,
      ...(webhook_url === '' ? {} : { webhook_url }),
    },
  };
}

/** The field that a refusal of the server names, in its own way of naming parts. */
export function fieldOf(subject: string | null): keyof MonitoringSettings | null {
  const name = /^[a-z_]+/.exec(subject ?? '')?.[0];
  const known: (keyof MonitoringSettings)[] = [
    ...(Object.keys(numbers) as NumberField[]),
    'opening_hours',
    'time_zone',
    'recipients',
    'language',
    'webhook_url',
  ];
  return known.find((field) => field === name) ?? null;
}
