// The lifetimes of an organisation's sessions as typed, and which of them do not make sense; the server has the last word.

import type { SessionSettings } from '../shell/port';
import type { OfficeWords } from '../words/office.fr';

export type Lifetime = keyof Required<SessionSettings>;

export const ranges: Record<Lifetime, readonly [number, number]> = {
  token_expiration_minutes: [1, 1_440],
  activity_threshold_minutes: [1, 1_440],
  idle_timeout_minutes: [5, 43_200],
  session_max_hours: [1, 8_760],
  lock_after_minutes: [1, 1_440],
  device_limit: [1, 100],
};

/** What a fresh server starts with. */
export const defaults: SessionSettings = {
  token_expiration_minutes: 15,
  activity_threshold_minutes: 15,
  idle_timeout_minutes: 480,
  session_max_hours: 720,
};

const optional: readonly Lifetime[] = ['lock_after_minutes', 'device_limit'];

export const lifetimes = Object.keys(ranges) as Lifetime[];

export type Typed = Record<Lifetime, string>;

export const asTyped = (settings: SessionSettings): Typed =>
  Object.fromEntries(lifetimes.map((field) => [field, settings[field]?.toString() ?? ''])) as Typed;

const whole = (text: string): number | null => (/^\d{1,6}$/.test(text.trim()) ? Number(text.trim()) : null);

export type Wrong = { field: Lifetime; reason: string };

/** The settings typed, or the first field that does not fit with its reason. */
export function readLifetimes(
  typed: Typed,
  words: OfficeWords['lifetimes'],
  number: (value: number) => string,
): { settings: SessionSettings } | Wrong {
  for (const field of lifetimes) {
    if (optional.includes(field) && typed[field].trim() === '') continue;
    const [low, high] = ranges[field];
    const value = whole(typed[field]);
    if (value === null || value < low || value > high) return { field, reason: words.range(number(low), number(high)) };
  }
  const [lock, devices] = [whole(typed.lock_after_minutes), whole(typed.device_limit)];
  const settings: SessionSettings = {
    token_expiration_minutes: whole(typed.token_expiration_minutes) ?? 0,
    activity_threshold_minutes: whole(typed.activity_threshold_minutes) ?? 0,
    idle_timeout_minutes: whole(typed.idle_timeout_minutes) ?? 0,
    session_max_hours: whole(typed.session_max_hours) ?? 0,
    ...(lock === null ? {} : { lock_after_minutes: lock }),
    ...(devices === null ? {} : { device_limit: devices }),
  };
  if (settings.token_expiration_minutes > settings.idle_timeout_minutes)
    return { field: 'token_expiration_minutes', reason: words.tokenOverIdle };
  if (settings.idle_timeout_minutes > settings.session_max_hours * 60)
    return { field: 'idle_timeout_minutes', reason: words.idleOverMax };
  if (settings.activity_threshold_minutes > settings.idle_timeout_minutes)
    return { field: 'activity_threshold_minutes', reason: words.activityOverIdle };
  return { settings };
}

/** A mark on the time-line. */
export interface Mark {
  name: 'start' | 'token' | 'activity' | 'lock' | 'idle' | 'max';
  /** Minutes after signing in and the last touch. */
  minutes: number;
  /** Whom it is about: everybody, tills or desks. */
  whom: 'all' | 'till' | 'desk';
}

/** What happens after a sign-in without a single touch, in order. */
export function timeline(settings: SessionSettings): Mark[] {
  const lock = settings.lock_after_minutes ?? null;
  const marks: Mark[] = [
    { name: 'start', minutes: 0, whom: 'all' },
    { name: 'token', minutes: settings.token_expiration_minutes, whom: 'all' },
    { name: 'activity', minutes: settings.activity_threshold_minutes, whom: 'all' },
    ...(lock === null ? [] : [{ name: 'lock', minutes: lock, whom: 'till' } as const]),
    { name: 'idle', minutes: settings.idle_timeout_minutes, whom: 'desk' },
    { name: 'max', minutes: settings.session_max_hours * 60, whom: 'all' },
  ];
  return marks.toSorted((a, b) => a.minutes - b.minutes);
}
