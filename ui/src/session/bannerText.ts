// What the banner says and offers, from the view and the time alone.

import type { AppView, Language, Severity, UiError } from '../shell/port';
import * as format from '../words/format';
import type { Words } from '../words/fr';

export type BannerAction = 'retry' | 'save' | 'reconnect' | 'stay' | 'details';

export interface Offer {
  action: BannerAction;
  /** Why it cannot be pressed just now. */
  reason: string | null;
}

/** A thin bar beside the words of a countdown. */
export interface Meter {
  words: string;
  /** From 1, the whole span, to 0. */
  left: number | null;
}

export interface BannerText {
  kind: AppView['session']['banner']['kind'];
  severity: Severity;
  /** Changes exactly when the state does, never with the time. */
  key: string;
  lead: string;
  /** The part of the sentence that moves with the time. */
  countdown: string;
  rest: string;
  meter: Meter | null;
  /** Primary first. */
  offers: Offer[];
  details: string | null;
  /** The deadline whose marks are announced. */
  announced_ms: number | null;
}

/** What a stretch of offline time looks like: the key of a state is its cause. */
function keyOf(view: AppView): string {
  const { banner, severity } = view.session;
  const cause =
    'trouble' in banner ? banner.trouble : 'reason' in banner ? banner.reason : 'fault' in banner ? banner.fault : '';
  return `${banner.kind}/${cause}/${severity}`;
}

const yes = (action: BannerAction): Offer => ({ action, reason: null });

function share(from: number, to: number, now: number): number {
  return to <= from ? 0 : Math.min(1, Math.max(0, (to - now) / (to - from)));
}

/** The banner at `now`, or nothing where there is nothing to say. */
export function bannerText(view: AppView, now: number, words: Words, language: Language): BannerText | null {
  if (!view.impersonation || view.session.banner.kind === 'ended') return textOf(view, now, words, language);
  // Nothing is kept on this device meanwhile, and nobody signs in again.
  const text = textOf({ ...view, work: { ...view.work, fault: null } }, now, words, language);
  return (
    text && {
      ...text,
      rest: [words.banner.workSafe, words.banner.absoluteEndSafe].includes(text.rest) ? '' : text.rest,
      offers: text.offers.filter(({ action }) => action !== 'save' && action !== 'reconnect'),
    }
  );
}

function textOf(view: AppView, now: number, words: Words, language: Language): BannerText | null {
  const { session } = view;
  const { banner } = session;
  const w = words.banner;
  const left = (deadline: number): string => format.duration(format.secondsLeft(deadline, now), words);
  const fault: UiError | null = view.work.fault;
  const safe = (sentence: string): string => (fault ? (words.errors[fault.code] ?? words.errors.internal) : sentence);
  const base = {
    kind: banner.kind,
    severity: session.severity,
    key: keyOf(view),
    countdown: '',
    rest: '',
    meter: null,
    details: null,
    announced_ms: null,
  } satisfies Partial<BannerText>;

  switch (banner.kind) {
    case 'hidden':
      return null;
    case 'refreshing':
      return { ...base, lead: w.refreshing, offers: [] };
    case 'offline':
    case 'server_down': {
      const next = session.next_attempt_ms;
      const access = session.access_end_ms;
      const trying = session.attempting || next === null || next <= now;
      return {
        ...base,
        lead: banner.kind === 'offline' ? w.offline : w.serverDown[banner.trouble],
        countdown: trying ? w.attempting : w.nextAttempt(left(next)),
        rest: safe(w.workSafe),
        meter:
          access === null
            ? null
            : access > now
              ? { words: w.access(left(access)), left: share(session.since_ms, access, now) }
              : { words: w.accessOver, left: null },
        offers: [yes('retry'), yes('save'), { action: 'reconnect', reason: w.reconnectWhy }],
        announced_ms: access,
      };
    }
    case 'idle_end_near': {
      const end = session.idle_end_ms;
      const over = end === null || end <= now;
      return {
        ...base,
        lead: '',
        countdown: over ? w.idleEndNow : w.idleEnd(left(end)),
        rest: safe(w.idleEndSafe),
        meter: over ? null : { words: w.absoluteEndIn(left(end)), left: share(session.since_ms, end, now) },
        offers: [yes('stay'), yes('save')],
        announced_ms: end,
      };
    }
    case 'absolute_end_near': {
      const end = session.absolute_end_ms;
      const over = end === null || end <= now;
      return {
        ...base,
        lead: end === null ? '' : w.absoluteEnd(format.time(end, language)),
        countdown: over ? w.absoluteEndNow : '',
        rest: safe(w.absoluteEndSafe),
        meter: over ? null : { words: w.absoluteEndIn(left(end)), left: share(session.since_ms, end, now) },
        offers: [yes('reconnect'), yes('save')],
        announced_ms: end,
      };
    }
    case 'ended':
      return {
        ...base,
        lead: w.ended[banner.reason],
        rest: safe(w.endedSafe),
        offers: [
          session.connection.kind === 'lost' ? { action: 'reconnect', reason: w.reconnectWhy } : yes('reconnect'),
          yes('save'),
        ],
      };
    case 'keychain_unavailable':
      return { ...base, lead: w.keychain[banner.fault], rest: safe(w.keychainSafe), offers: [yes('retry')] };
    case 'clock_suspect': {
      const apart = format.duration(Math.abs(banner.ahead_seconds), words);
      return {
        ...base,
        lead: banner.ahead_seconds >= 0 ? w.clockAhead(apart) : w.clockBehind(apart),
        rest: safe(w.clockSafe),
        offers: [yes('details')],
        details: w.clockDetails,
      };
    }
    case 'misconfigured':
      return {
        ...base,
        lead: w.misconfigured[banner.fault],
        rest: safe(w.misconfiguredSafe),
        offers: [yes('details')],
        details: w.misconfiguredDetails[banner.fault],
      };
  }
}

const MARKS_SECONDS = [300, 120, 60, 30] as const;

/** The mark that was passed between two looks at a countdown, if any; the lowest where several were. */
export function markPassed(beforeSeconds: number, nowSeconds: number): number | null {
  let passed: number | null = null;
  for (const mark of MARKS_SECONDS) if (beforeSeconds > mark && nowSeconds <= mark && nowSeconds > 0) passed = mark;
  return passed;
}
