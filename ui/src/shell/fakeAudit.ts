// The audit log of the shell in memory: a few days of an organisation, with one of everything worth a look.

import { groupOfAction } from '../audit/actions';
import type { AuditFormat, AuditPage, AuditPerson, AuditQuery, AuditRecord } from './port';

const MINUTE_MS = 60_000;
const PAGE = 20;

const people: Record<string, AuditPerson> = Object.fromEntries(
  [
    ['alix', 'u0'],
    ['amina', 'u1'],
    ['camille', 'u3'],
    ['dominique', 'u4'],
    ['louise', 'u8'],
  ].map(([username, user_id]) => [username, { user_id: user_id!, username: username! }]),
);

type Told = Partial<Omit<AuditRecord, 'actor' | 'impersonated'>> & {
  action: string;
  actor?: string | null;
  impersonated?: string;
};

const own = (index: number): string => `0190b2c4-7d1e-7a40-9c11-0000000000${String(index).padStart(2, '0')}`;
const inside = { ip_address: 'local', user_agent: 'vigie-server/0.1.0', device_name: null, session_id: null };

/** Newest first. */
const told: Told[] = [
  { action: 'sale.kept', actor: 'alix', detail: { total_cents: '1850', lines: '4' }, target: `sale:${own(1)}` },
  {
    action: 'site.renamed',
    actor: 'louise',
    impersonated: 'camille',
    target: 'site:site-1',
    target_name: 'Rezé',
    reason: 'Le nom du site était mal écrit sur les tickets',
    before: { name: 'Reze' },
    after: { name: 'Rezé' },
    device_name: 'Bureau de Louise',
    ip_address: '192.168.1.52',
  },
  {
    action: 'login.denied',
    actor: null,
    result: 'denied',
    session_id: null,
    target: 'user:u1',
    target_name: 'amina',
    detail: { reason: 'wrong_password' },
    device_name: null,
    ip_address: '92.184.100.7',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
  },
  { action: 'session.revoked', actor: 'camille', target: `session:${own(2)}`, target_name: 'Caisse 2' },
  {
    action: 'membership.changed',
    actor: 'dominique',
    target: 'user:u0',
    target_name: 'alix',
    before: { role: 'user' },
    after: { role: 'manager' },
    device_name: 'Bureau de Dominique',
  },
  {
    action: 'settings.session_changed',
    actor: 'dominique',
    target: 'organization:o1',
    target_name: 'La Boucle',
    before: { idle_timeout_minutes: '480', device_limit: '' },
    after: { idle_timeout_minutes: '240', device_limit: '3' },
    device_name: 'Bureau de Dominique',
  },
  {
    action: 'session.created',
    actor: 'alix',
    target: `session:${own(3)}`,
    target_name: 'Caisse 1',
    detail: { device_kind: 'till', one_time_password: 'false', is_bound: 'true' },
  },
  {
    action: 'reauthentication.denied',
    actor: 'camille',
    result: 'denied',
    target: 'user:u3',
    target_name: 'camille',
  },
  {
    action: 'session.proof_refused',
    actor: null,
    result: 'denied',
    target: `session:${own(3)}`,
    target_name: 'Caisse 1',
    device_name: null,
    ip_address: '2a01:cb08:8d1:4200:9c1f:22ff:fe10:4a7b',
    user_agent: 'python-requests/2.32',
  },
  {
    action: 'category.changed',
    actor: 'camille',
    target: 'category:c1',
    target_name: 'Vaisselle',
    before: { price_cents: '100', shortcut: '' },
    after: { price_cents: '150', shortcut: 'V' },
  },
  { action: 'user.added', actor: 'camille', target: 'user:u11', target_name: 'zoe', detail: { role: 'user' } },
  { action: 'session.signed_out', actor: 'amina', target: `session:${own(4)}`, target_name: 'Caisse 3' },
  {
    action: 'database.restored',
    actor: null,
    organization_id: null,
    organization_name: null,
    detail: { sessions: 'keep' },
    ...inside,
  },
  {
    action: 'till.added',
    actor: null,
    target: 'till:till-4',
    target_name: 'Caisse dépôt',
    detail: { by: 'vigie-server' },
    ...inside,
  },
  {
    action: 'impersonation.stopped',
    actor: 'louise',
    impersonated: 'camille',
    target: `session:${own(5)}`,
    detail: { lasted_seconds: '540' },
    device_name: 'Bureau de Louise',
  },
  {
    action: 'impersonation.started',
    actor: 'louise',
    impersonated: 'camille',
    target: `session:${own(5)}`,
    reason: 'Le nom du site était mal écrit sur les tickets',
    device_name: 'Bureau de Louise',
  },
  {
    action: 'impersonation.force_stopped',
    actor: 'louise',
    impersonated: 'amina',
    target: `session:${own(6)}`,
    detail: { lasted_seconds: '1260' },
    device_name: 'Bureau de Louise',
  },
  {
    action: 'impersonation.expired',
    actor: null,
    impersonated: 'alix',
    target: `session:${own(7)}`,
    detail: { lasted_seconds: '7200' },
    ...inside,
  },
];

function line(now: number, index: number, { actor, impersonated, ...more }: Told): AuditRecord {
  const named = (username: string): AuditPerson => people[username] ?? { user_id: `u-${username}`, username };
  return {
    sequence: String(184_213 - index),
    id: `0190b2c4-91aa-7c52-8f03-00000000${String(index).padStart(4, '0')}`,
    at: new Date(now).toISOString(),
    organization_id: 'o1',
    organization_name: 'La Boucle',
    actor: actor ? named(actor) : null,
    impersonated: impersonated ? named(impersonated) : null,
    session_id: actor ? own(10 + Object.keys(people).indexOf(actor)) : null,
    target: null,
    target_name: null,
    result: 'done',
    reason: null,
    before: {},
    after: {},
    detail: {},
    ip_address: `192.168.1.${21 + (Math.abs(index) % 3)}`,
    user_agent: 'Vigie/0.1.0 (Linux)',
    device_name: `Caisse ${1 + (Math.abs(index) % 3)}`,
    request_id: `0190b2c491aa7c528f03${String(Math.abs(index)).padStart(12, '0')}`,
    sealed: index > 0,
    ...more,
  };
}

export class FakeAudit {
  all: AuditRecord[];
  /** What was saved, in its form. */
  exported: [AuditFormat, AuditQuery][] = [];
  asked: AuditQuery[] = [];
  #noted = 0;

  constructor(now: number) {
    const count = 3 * PAGE - 4;
    this.all = Array.from({ length: count }, (_, index) =>
      line(now - 400 - index * index * 3 * MINUTE_MS, index, told[index % told.length]!),
    );
  }

  /** Writes down what was done just now. */
  note(now: number, deed: Told): void {
    this.all = [line(now, -1 - this.#noted++, deed), ...this.all];
  }

  #fitting(query: AuditQuery): AuditRecord[] {
    const fits = <T>(wanted: T | null, is: T | null | undefined): boolean => wanted === null || wanted === is;
    return this.all.filter(
      (each) =>
        fits(query.group, groupOfAction(each.action)) &&
        fits(query.action, each.action) &&
        fits(query.actor_user_id, each.actor?.user_id) &&
        fits(query.impersonated_user_id, each.impersonated?.user_id) &&
        fits(query.session_id, each.session_id) &&
        fits(query.target, each.target) &&
        fits(query.result, each.result) &&
        fits(query.organization_id, each.organization_id) &&
        (query.from === null || each.at >= query.from) &&
        (query.to === null || each.at < query.to),
    );
  }

  page(query: AuditQuery, after: string | null): AuditPage {
    this.asked.push(query);
    const fitting = this.#fitting(query);
    const from = after === null ? 0 : fitting.findIndex((each) => each.sequence === after) + 1;
    const records = fitting.slice(from, from + PAGE);
    return { records, next: from + PAGE < fitting.length ? records.at(-1)!.sequence : null };
  }
}
