// The lifetimes of an organisation's sessions as typed, and which of them do not make sense; the server has the last word.

import type { SessionSettings } from '../shell/port';
import type { Words } from '../words/fr';

export type Lifetime =
  | 'token_expiration_minutes'
  | 'activity_threshold_minutes'
  | 'idle_timeout_minutes'
  | 'session_max_hours'
  | 'lock_after_minutes';

export const ranges: Record<Lifetime, readonly [number, number]> = {
  token_expiration_minutes: [1, 1_440],
  activity_threshold_minutes: [1, 1_440],
  idle_timeout_minutes: [5, 43_200],
  session_max_hours: [1, 8_760],
  lock_after_minutes: [1, 1_440],
};

export const lifetimes = Object.keys(ranges) as Lifetime[];

export type Typed = Record<Lifetime, string>;

export const asTyped = (settings: SessionSettings): Typed =>
  Object.fromEntries(lifetimes.map((field) => [field, settings[field]?.toString() ?? ''])) as Typed;

const whole = (text: string): number | null => (/^\d{1,6}$/.test(text.trim()) ? Number(text.trim()) : null);

/** The settings typed, or the first field that does not fit with its reason. */
export function readLifetimes(
  typed: Typed,
  words: Words['settings'],
  number: (value: number) => string,
): { settings: SessionSettings } | { field: Lifetime; reason: string } {
  for (const field of lifetimes) {
    if (field === 'lock_after_minutes' && typed[field].trim() === '') continue;
    const [low, high] = ranges[field];
    const value = whole(typed[field]);
    if (value === null || value < low || value > high) return { field, reason: words.range(number(low), number(high)) };
  }
  const lock = whole(typed.lock_after_minutes);
  const settings: SessionSettings = {
    token_expiration_minutes: whole(typed.token_expiration_minutes) ?? 0,
    activity_threshold_minutes: whole(typed.activity_threshold_minutes) ?? 0,
    idle_timeout_minutes: whole(typed.idle_timeout_minutes) ?? 0,
    session_max_hours: whole(typed.session_max_hours) ?? 0,
    ...(lock === null ? {} : { lock_after_minutes: lock }),
  };
  if (settings.token_expiration_minutes > settings.idle_timeout_minutes)
    return { field: 'token_expiration_minutes', reason: words.tokenOverIdle };
  if (settings.idle_timeout_minutes > settings.session_max_hours * 60)
    return { field: 'idle_timeout_minutes', reason: words.idleOverMax };
  if (settings.activity_threshold_minutes > settings.idle_timeout_minutes)
    return { field: 'activity_threshold_minutes', reason: words.activityOverIdle };
  return { settings };
}
