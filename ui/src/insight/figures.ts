// What the figures on sessions amount to: a verdict, peaks, shares.

import type { SessionMetrics } from '../shell/port';

/** At least so many percent of the refreshes must work for all to be well. */
export const GOOD_PERCENT = 95;
/** Below this something is wrong. */
export const FAIR_PERCENT = 90;

export type Verdict = 'good' | 'fair' | 'poor' | 'none';

export function verdictOf(percent: number | null | undefined): Verdict {
  if (percent === null || percent === undefined) return 'none';
  if (percent >= GOOD_PERCENT) return 'good';
  return percent >= FAIR_PERCENT ? 'fair' : 'poor';
}

/** To one decimal, never rounded up: 94.96 is not shown as 95 beside the colour of less than 95. */
export const floored = (percent: number): number => Math.floor(percent * 10 + 1e-9) / 10;

/** Ends that nobody in the session asked for, and those that its owner asked for. */
export function endsOf(metrics: SessionMetrics): { forced: number; manual: number } {
  const sum = { forced: 0, manual: 0 };
  for (const { reason, sessions } of metrics.ends) sum[isManual(reason) ? 'manual' : 'forced'] += sessions;
  return sum;
}

export const isManual = (reason: SessionMetrics['ends'][number]['reason']): boolean =>
  reason === 'signed_out' || reason === 'by_owner';

/** Where the largest value is; the latest of several. */
export function peakOf(values: readonly number[]): { index: number; value: number } | null {
  let peak: { index: number; value: number } | null = null;
  values.forEach((value, index) => {
    if (value > 0 && (peak === null || value >= peak.value)) peak = { index, value };
  });
  return peak;
}

/** How long one step is, in minutes. */
export function stepMinutes(metrics: SessionMetrics): number {
  const [first, second] = metrics.steps;
  return first && second ? Math.round((Date.parse(second.at) - Date.parse(first.at)) / 60_000) : 1;
}

/** A part of a whole in whole percent; at least 1 for what is not nothing. */
export const share = (part: number, whole: number): number =>
  part === 0 || whole === 0 ? 0 : Math.max(1, Math.round((part / whole) * 100));
