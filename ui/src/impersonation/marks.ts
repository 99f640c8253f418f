// The marks of an impersonation's time. A machine that slept through one passes it when it wakes.

import type { ImpersonationView } from '../shell/port';

export type Times = Pick<ImpersonationView, 'started_ms' | 'near_ms' | 'ends_ms'>;

/** From the least to the most urgent. */
const marks = ['near', 'quarter', 'last', 'over'] as const;

export type Mark = (typeof marks)[number];
export type Stage = 'begun' | Mark;

const MINUTE_MS = 60_000;

const at = ({ near_ms, ends_ms }: Times): Record<Mark, number> => ({
  near: near_ms,
  quarter: ends_ms - 15 * MINUTE_MS,
  last: ends_ms - 2 * MINUTE_MS,
  over: ends_ms,
});

/** The most urgent mark that was passed after `before` and until `now`. */
export function passed(times: Times, before: number, now: number): Mark | null {
  const when = at(times);
  return marks.findLast((mark) => when[mark] > before && when[mark] <= now) ?? null;
}

/** Where it stands at `now`. */
export const stageAt = (times: Times, now: number): Stage => passed(times, Number.NEGATIVE_INFINITY, now) ?? 'begun';

/** Whether it is to be seen that it will not last: three quarters are over, or two minutes are left. */
export const isNear = (times: Times, now: number): boolean =>
  now >= times.near_ms || now >= times.ends_ms - 2 * MINUTE_MS;

/** How much of it is over, from 0 to 1. */
export function sharePassed({ started_ms, ends_ms }: Pick<Times, 'started_ms' | 'ends_ms'>, now: number): number {
  const whole = ends_ms - started_ms;
  return whole <= 0 ? 1 : Math.min(1, Math.max(0, (now - started_ms) / whole));
}

/** Whole seconds since `from`, never below zero. */
export const secondsSince = (from: number, now: number): number => Math.max(0, Math.floor((now - from) / 1000));

/** When three quarters of a span are over. */
export const nearOf = (started_ms: number, ends_ms: number): number => started_ms + ((ends_ms - started_ms) * 3) / 4;
