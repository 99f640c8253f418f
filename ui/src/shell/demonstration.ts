// The fake shell for a plain browser, with states to pick by the address: `?state=offline&theme=dark&lang=en&ticket=1`. A short
// impersonation is `?state=work&super&as=alix&elapsed=0&minutes=3`.

import { fakeCategories, FakePort, view } from './fake';
import type {
  AppView,
  Banner,
  DeviceSettings,
  ImpersonationEnd,
  NoticeKind,
  OrganizationRole,
  Port,
  SessionView,
  TicketDraft,
} from './port';

const MINUTE_MS = 60_000;
const kinds: NoticeKind[] = [
  'new_device',
  'proof_refused',
  'new_network',
  'device_limit',
  'password_changed',
  'impersonated',
  'impersonation_started',
];

function states(now: number): Record<string, Partial<SessionView>> {
  const lost = (banner: Banner): Partial<SessionView> => ({
    banner,
    severity: 'warning',
    connection: { kind: 'lost', trouble: banner.kind === 'offline' ? 'offline' : 'server_down' },
    since_ms: now - 134_000,
    next_attempt_ms: now + 20_000,
    access_end_ms: now + 4 * MINUTE_MS + 10_000,
  });
  return {
    refreshing: { banner: { kind: 'refreshing' }, severity: 'info' },
    offline: lost({ kind: 'offline' }),
    offline_late: { ...lost({ kind: 'offline' }), severity: 'error', access_end_ms: now - 1, attempting: true },
    server_down: lost({ kind: 'server_down', trouble: 'server_down' }),
    idle: { banner: { kind: 'idle_end_near' }, severity: 'warning', idle_end_ms: now + 2 * MINUTE_MS },
    absolute: { banner: { kind: 'absolute_end_near' }, severity: 'warning', absolute_end_ms: now + 12 * MINUTE_MS },
    ended: { phase: 'ended', banner: { kind: 'ended', reason: 'revoked' }, severity: 'error' },
    keychain: {
      banner: { kind: 'keychain_unavailable', fault: 'locked' },
      severity: 'warning',
      persistence: { kind: 'memory_only', fault: 'locked' },
    },
    misconfigured: { banner: { kind: 'misconfigured', fault: 'client_unknown' }, severity: 'warning' },
    clock: { banner: { kind: 'clock_suspect', ahead_seconds: 7_200 }, severity: 'warning' },
    signed_out: { phase: 'signed_out' },
    starting: { phase: 'starting' },
  };
}

function ticketWith(lines: number): TicketDraft {
  return {
    id: crypto.randomUUID(),
    lines: Array.from({ length: lines }, (_, index) => {
      const category = fakeCategories[index % fakeCategories.length]!;
      return {
        id: `line-${index}`,
        category_id: category.id,
        category_name: category.name,
        quantity: (index % 3) + 1,
        weight_grams: index % 2 === 0 ? 1_250 : 0,
        unit_price_cents: category.price_cents ?? 4_500,
      };
    }),
    payments: [],
    note: '',
    tendered_cents: null,
    place: { screen: 'till', field: 'search', typed: '', cursor: 0, scroll: 0, line_id: null },
  };
}

export function demonstration(): Port {
  const wanted = new URLSearchParams(location.search);
  const base = view();
  const settings: DeviceSettings = {
    ...base.settings,
    language: wanted.get('lang') === 'en' ? 'en' : 'fr',
    theme: (wanted.get('theme') as DeviceSettings['theme'] | null) ?? 'system',
    screen_keyboard: (wanted.get('keyboard') as DeviceSettings['screen_keyboard'] | null) ?? 'none',
  };
  const state = wanted.get('state') ?? 'signed_out';
  const session = states(Date.now())[state] ?? {};
  const start: AppView = view({ settings, ...(state === 'signed_out' ? { operator: null } : {}) }, session);
  const waiting = Number(wanted.get('waiting') ?? 0);
  start.work = { ...start.work, waiting, refused: Number(wanted.get('refused') ?? 0) };
  start.first_operator_needed = wanted.has('first');
  if (start.first_operator_needed) start.settings.server = { kind: 'this_device' };
  if (start.operator) {
    start.operator.organizations = Number(wanted.get('organizations') ?? 1);
    start.operator.role = (wanted.get('role') as OrganizationRole | null) ?? start.operator.role;
    start.operator.is_super_admin = wanted.has('super');
    start.operator.must_change_password = wanted.has('onetime');
  }
  const now = Date.now();
  start.notices = Array.from({ length: Number(wanted.get('notices') ?? 0) }, (_, index) => ({
    id: `notice-${index}`,
    kind: kinds[index % kinds.length]!,
    at_ms: now - (index + 1) * 97 * MINUTE_MS,
    device_name: 'Bureau de Rezé',
    ip_address: '92.184.100.7',
    application: 'Vigie 0.1.0',
  }));
  const port = new FakePort(start);
  if (wanted.has('super')) {
    for (const person of port.administration.everybody)
      person.is_super_admin = person.username === 'camille' || person.username === 'louise';
  }
  const as = wanted.get('as');
  if (as) {
    port.impersonating.lasts_ms = Number(wanted.get('minutes') ?? 120) * MINUTE_MS;
    const begun_ms = now - Number(wanted.get('elapsed') ?? 12) * MINUTE_MS;
    const reason = 'Le nom du site est mal écrit sur ses tickets, je regarde avec ses droits.';
    port.impersonate(as, 'o1', reason, begun_ms);
  }
  const over = wanted.get('over') as ImpersonationEnd | null;
  if (over) port.change({ impersonation_over: { session_id: 'imp-over', user_name: 'Alix Bernard', why: over } });
  if (wanted.has('left')) {
    const [left] = port.impersonating.live;
    if (left) port.impersonating.live.push({ ...left, session_id: 'imp-left', is_own: true });
  }
  if (wanted.has('noboard')) port.impersonating.live = [];
  if (wanted.has('nogoods')) port.shop.categories = [];
  port.reauthenticated = !wanted.has('reauthenticate');
  if (wanted.has('noaudit')) port.auditing.all = [];
  if (wanted.has('calm')) port.alerting.all = port.alerting.all.filter((each) => each.ended_at);
  port.alerting.mail.is_fixed = wanted.has('fixed');
  port.insight.quiet = wanted.get('insight') === 'quiet';
  port.insight.trouble = { fair: 4, poor: 12 }[wanted.get('insight') ?? ''] ?? 1;
  for (let index = 0; index < waiting; index += 1) {
    port.waiting.push({
      id: crypto.randomUUID(),
      total_cents: 1_250 * (index + 1),
      finished_at_ms: Date.now() - index * MINUTE_MS,
      refused: null,
    });
  }
  for (let index = 0; index < start.work.refused; index += 1) {
    port.waiting.push({
      id: crypto.randomUUID(),
      total_cents: 700,
      finished_at_ms: Date.now() - 3_600_000,
      refused: { code: 'validation_failed', retry_after_seconds: null, subject: null },
    });
  }
  const names = ['Mme Petit, table ronde', '14:32 · Livres', 'Vélo bleu, revient à 17 h avec le camion'];
  for (let index = 0; index < Number(wanted.get('parked') ?? 0); index += 1) {
    const name = names[index % names.length]!;
    port.tickets.park({ draft: ticketWith(index * 2 + 1), name }, now - (index + 1) * 23 * MINUTE_MS);
  }
  start.work.parked = port.tickets.shelf.length;
  const days = Number(wanted.get('days') ?? 0);
  for (let index = days; index > 0; index -= 1) {
    port.tilling.now_ms = now - index * 25 * 60 * MINUTE_MS;
    const opened = port.tilling.open(index % 3 === 0 ? 't2' : 't1', 15_000);
    if (opened.status === 'error') continue;
    const { id, till_id } = opened.data;
    port.tilling.sell(till_id, 41_250 + index * 310);
    port.tilling.now_ms += 9 * 60 * MINUTE_MS;
    const off = [0, -20, 0, 100][index % 4]!;
    const words =
      off === 0 ? '' : off < 0 ? 'Une pièce est tombée derrière le meuble.' : 'Un client a refusé sa monnaie.';
    port.tilling.close(till_id, id, 15_000 + 41_250 + index * 310 + off, words);
  }
  port.tilling.now_ms = now - 4 * 60 * MINUTE_MS;
  const till = wanted.get('till');
  if (till === 'none') port.tilling.tills = [];
  else if (till) port.tilling.chosen = 't1';
  if (till === 'open') {
    port.tilling.open('t1', 15_000);
    port.tilling.sell('t1', 8_350);
  }
  port.tilling.now_ms = now;
  const lines = Number(wanted.get('ticket') ?? 0);
  if (lines > 0) port.draft = ticketWith(lines);
  Object.assign(window, { port });
  return port;
}
