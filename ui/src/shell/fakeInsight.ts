// Figures on sessions of the shell in memory: the same for the same moment, with a bad quarter of an hour in them.

import type {
  ErrorsBy,
  ErrorsQuery,
  InsightRange,
  MetricsStep,
  RefreshFailure,
  SessionEndReason,
  SessionMetrics,
  SufferingDevices,
  TopError,
  TopErrors,
} from './port';

const MINUTE_MS = 60_000;
const steps: Record<InsightRange, [count: number, minutes: number]> = {
  '1h': [60, 1],
  '6h': [72, 5],
  '24h': [96, 15],
  '7d': [84, 120],
  '30d': [90, 480],
};
const PAGE = 20;

/** A figure between 0 and 1 that only depends on `seed`. */
function chance(seed: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const failing: [RefreshFailure, number][] = [
  ['unavailable', 0.46],
  ['session_idle', 0.24],
  ['session_closed', 0.16],
  ['proof_refused', 0.08],
  ['stale_attempt', 0.06],
];
const ending: [SessionEndReason, number][] = [
  ['idle', 0.5],
  ['by_administrator', 0.25],
  ['expired', 0.15],
  ['device_limit', 0.1],
];

/** Splits a sum into whole parts that add up to it, the largest first. */
function split<T>(sum: number, parts: [T, number][]): [T, number][] {
  let left = sum;
  return parts
    .map(([key, part], index): [T, number] => {
      const whole = index === parts.length - 1 ? left : Math.min(left, Math.round(sum * part));
      left -= whole;
      return [key, whole];
    })
    .filter(([, count]) => count > 0)
    .toSorted((a, b) => b[1] - a[1]);
}

export class FakeInsight {
  /** How much of it fails: 1 is an ordinary day. */
  trouble = 1;
  /** Whether anything has happened at all. */
  quiet = false;
  active = 23;
  exported: InsightRange[] = [];

  #step(at: number, minutes: number): MetricsStep {
    const seed = at / MINUTE_MS;
    const hour = new Date(at).getHours();
    const open = minutes > 240 ? 0.6 : hour >= 9 && hour < 19 ? 1 : 0.45;
    const busy = this.quiet ? 0 : Math.round(minutes * 1.6 * open * (0.8 + 0.4 * chance(seed)));
    const bad = chance(seed + 7) > 0.93 ? 0.3 : chance(seed + 7) > 0.7 ? 0.02 : 0;
    const failure = Math.min(busy, Math.ceil(busy * bad * this.trouble));
    const ends = this.quiet ? 0 : minutes * 0.03 * open;
    return {
      at: new Date(at).toISOString(),
      refreshes: { success: busy - failure, failure, rejected: chance(seed + 3) > 0.98 ? 2 : 0 },
      logins: {
        success: Math.round(ends + chance(seed + 1) * 0.6 * open),
        failure: !this.quiet && chance(seed + 2) > 0.95 ? 1 : 0,
      },
      forced_ends: Math.round(ends * chance(seed + 4) + (chance(seed + 5) > 0.97 ? 1 : 0)),
      manual_ends: this.quiet ? 0 : Math.round(ends * 0.8 + chance(seed + 6) * 0.7 * open),
      latency_p95_ms: busy === 0 ? null : bad === 0.3 ? 250 : 25,
    };
  }

  metrics(range: InsightRange, now: number): SessionMetrics {
    const [count, minutes] = steps[range];
    const length = minutes * MINUTE_MS;
    const to = Math.floor(now / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    const from = Math.floor(to / length) * length - (count - 1) * length;
    const all = Array.from({ length: count }, (_, index) => this.#step(from + index * length, minutes));
    const sum = (of: (step: MetricsStep) => number): number => all.reduce((total, step) => total + of(step), 0);
    const refreshes = {
      success: sum((step) => step.refreshes.success),
      failure: sum((step) => step.refreshes.failure),
      rejected: sum((step) => step.refreshes.rejected),
    };
    const judged = refreshes.success + refreshes.failure;
    return {
      range,
      from: all[0]!.at,
      to: new Date(now).toISOString(),
      active_sessions: this.quiet ? 1 : this.active,
      users_by_role: [
        { role: 'user', users: 31 },
        { role: 'manager', users: 6 },
        { role: 'admin', users: 3 },
        { role: 'owner', users: 1 },
      ],
      refreshes,
      refresh_success_percent: judged === 0 ? null : (refreshes.success / judged) * 100,
      failures: split(refreshes.failure, failing).map(([reason, refreshes]) => ({ reason, refreshes })),
      logins: { success: sum((step) => step.logins.success), failure: sum((step) => step.logins.failure) },
      ends: [
        ...split(
          sum((step) => step.forced_ends),
          ending,
        ),
        ...split<SessionEndReason>(
          sum((step) => step.manual_ends),
          [
            ['signed_out', 0.9],
            ['by_owner', 0.1],
          ],
        ),
      ]
        .map(([reason, sessions]) => ({ reason, sessions }))
        .toSorted((a, b) => b.sessions - a.sessions),
      latency: judged === 0 ? null : { p50_ms: 5, p95_ms: 25, p99_ms: 250 },
      steps: all,
    };
  }

  #groups: Record<Exclude<ErrorsBy, 'reason'>, [key: string | null, name: string | null][]> = {
    network: [
      ['92.184.100.0/24', null],
      ['192.168.1.0/24', null],
      ['2a01:cb08:8d1::/48', null],
      ['192.168.2.0/24', null],
      ['82.66.12.0/24', null],
      ...Array.from({ length: 24 }, (_, index): [string, null] => [`10.0.${index}.0/24`, null]),
    ],
    site: [
      ['site-1', 'Rezé'],
      ['site-0', 'Nantes Est'],
      ['site-2', 'Saint-Herblain'],
      [null, null],
    ],
    user: [
      ['u1', 'Amina Diallo'],
      ['u9', 'Mehdi Benali'],
      ['u0', 'Alix Bernard'],
      [null, null],
    ],
  };

  errors({ range, by, after }: ErrorsQuery, now: number): TopErrors {
    const { refreshes, logins, failures } = this.metrics(range, now);
    const last_at = new Date(now - 4 * MINUTE_MS).toISOString();
    const all: TopError[] =
      by === 'reason'
        ? [
            ...failures.map(({ reason, refreshes }) => ({ key: reason, refreshes, logins: 0, reason, last_at })),
            ...(logins.failure > 0
              ? [{ key: 'wrong_password', refreshes: 0, logins: logins.failure, reason: 'wrong_password', last_at }]
              : []),
          ]
        : this.#groups[by]
            .map(([key, name], index) => ({
              key,
              name,
              refreshes: Math.floor(refreshes.failure / 2 ** (index + 1)),
              logins: Math.floor(logins.failure / (index + 2)),
              reason: failing[index % failing.length]![0],
              last_at,
            }))
            .filter((each) => each.refreshes + each.logins > 0);
    const from = Number(after ?? 0);
    return { errors: all.slice(from, from + PAGE), next: from + PAGE < all.length ? String(from + PAGE) : null };
  }

  devices(now: number): SufferingDevices {
    if (this.quiet) return { devices: [] };
    const device = (
      device_name: string,
      site: number,
      offline_seconds: number,
      server_fault_seconds: number,
      incidents: number,
    ): SufferingDevices['devices'][number] => ({
      device_name,
      site_id: `site-${site}`,
      site_name: ['Nantes Est', 'Rezé', 'Saint-Herblain'][site]!,
      observed_seconds: 3_480,
      offline_seconds,
      server_fault_seconds,
      refreshes: 4,
      incidents,
      last_at: new Date(now - (site + 1) * MINUTE_MS).toISOString(),
    });
    return {
      devices: [
        device('Caisse 2', 1, 1_284, 0, 9),
        device('Caisse dépôt', 2, 311, 42, 3),
        device('Caisse 1', 1, 64, 95, 2),
      ],
    };
  }
}
