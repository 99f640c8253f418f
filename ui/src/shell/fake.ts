// A shell in memory, for tests and for looking at the screen in a plain browser. It is never in the product.

import { FakeAdministration } from './fakeAdministration';
import { FakeAlerts } from './fakeAlerts';
import { FakeAudit } from './fakeAudit';
import { FakeImpersonation } from './fakeImpersonation';
import { FakeInsight } from './fakeInsight';
import { FakeShop } from './fakeShop';
import { FakeTickets } from './fakeTickets';
import { FakeTills } from './fakeTills';
import type {
  AlertList,
  AlertTestAnswer,
  Answer,
  AppView,
  AuditFormat,
  AuditPage,
  AuditQuery,
  Category,
  CategoryChange,
  DeviceSettings,
  ErrorsQuery,
  GoodsLanguage,
  ImpersonationEnd,
  ImpersonationSettings,
  InsightQuery,
  LiveImpersonation,
  MailSettings,
  MembershipRequest,
  MonitoringSettings,
  MoveDirection,
  MySession,
  NewCategoryRequest,
  NewMailSettings,
  NewOrganizationRequest,
  NewTillRequest,
  NewUserRequest,
  OneTimePassword,
  OperatorView,
  OrganizationList,
  OrganizationSummary,
  OutboxSale,
  OwnOrganization,
  ParkedTicket,
  PeoplePage,
  PeopleQuery,
  PersonDetail,
  Places,
  Port,
  RefusedSale,
  RetryOutcome,
  SavedFile,
  SessionMetrics,
  SessionPage,
  SessionQuery,
  SessionSettings,
  SessionView,
  ShopCategory,
  Site,
  SiteChange,
  SufferingDevices,
  TicketDraft,
  TicketKeeping,
  TicketToPark,
  Till,
  TillBoard,
  TillChange,
  TillDay,
  TillDayPage,
  TopErrors,
  UiError,
  UiErrorCode,
  UserChange,
} from './port';

const MINUTE_MS = 60_000;

const goods: [string, number | null, string][] = [
  ['Livres', 100, 'L'],
  ['Vaisselle', 150, 'V'],
  ['Vêtements adultes', 300, 'T'],
  ['Vêtements enfants', 200, 'E'],
  ['Chaussures', 400, 'C'],
  ['Jouets', 200, 'J'],
  ['Petit électroménager', 1_000, 'P'],
  ['Gros électroménager', null, 'G'],
  ['Meubles', null, 'M'],
  ['Luminaires', 800, 'U'],
  ['Linge de maison', 250, 'I'],
  ['Sport et loisirs', 500, 'S'],
  ['Outillage', 600, 'O'],
  ['Disques et films', 100, 'D'],
];

export const fakeCategories: Category[] = goods.map(([name, price_cents, shortcut], index) => ({
  id: `01900000-0000-7000-8000-0000000000${String(index).padStart(2, '0')}`,
  name,
  price_cents,
  shortcut,
  position: index,
  barcodes: index < 2 ? [`LAB-000${index}`] : [],
}));

export function problem(code: UiErrorCode, more: Partial<UiError> = {}): UiError {
  return { code, retry_after_seconds: null, subject: null, ...more };
}

export function view(more: Partial<AppView> = {}, session: Partial<SessionView> = {}): AppView {
  const now = Date.now();
  return {
    revision: 1,
    session: {
      phase: 'signed_in',
      banner: { kind: 'hidden' },
      severity: 'hidden',
      since_ms: now,
      connection: { kind: 'online' },
      next_attempt_ms: null,
      attempting: false,
      access_end_ms: now + 10 * MINUTE_MS,
      idle_end_ms: null,
      absolute_end_ms: now + 720 * 60 * MINUTE_MS,
      persistence: { kind: 'durable' },
      ...session,
    },
    operator: {
      username: 'camille',
      display_name: 'Camille Moreau',
      organization_id: 'o1',
      organization_name: 'La Boucle',
      site_name: 'Nantes Est',
      role: 'admin',
      is_super_admin: false,
      organizations: 1,
      must_change_password: false,
    },
    impersonation: null,
    impersonation_over: null,
    server: { kind: 'remote', url: 'https://vigie.example' },
    work: { waiting: 0, refused: 0, parked: 0, saved_at_ms: null, fault: null },
    settings: {
      language: 'fr',
      theme: 'system',
      server: { kind: 'remote', url: 'https://vigie.example' },
      ca_file: null,
      device_name: 'Caisse 1',
      device_kind: 'till',
      screen_keyboard: 'none',
    },
    fault: null,
    first_operator_needed: false,
    notices: [],
    changes: { categories: 0, settings: 0, alerts: 0, impersonations: 0 },
    close_asked: false,
    ...more,
  };
}

const ok = <T>(data: T): Answer<T> => ({ status: 'ok', data });
const no = (error: UiError): Answer<never> => ({ status: 'error', error });

type Call = keyof Port;

/** What nobody may do while acting as somebody else. */
const forbidden: ReadonlySet<Call> = new Set<Call>([
  'save',
  'ticketPut',
  'ticketPark',
  'ticketTakeUp',
  'ticketDiscard',
  'saleReview',
  'saleMend',
  'revokeSession',
  'revokeOtherSessions',
  'reauthenticate',
  'changePassword',
  'switchOrganization',
  'putNoticeAway',
  'startImpersonation',
  'forceStopImpersonation',
  'liveImpersonations',
  'impersonationSettings',
  'putImpersonationSettings',
  'endSession',
  'endSessionsOfPerson',
  'endSessionsOfOrganization',
  'endAllSessions',
  'addPerson',
  'changePerson',
  'joinPerson',
  'removePerson',
  'resetPassword',
  'addOrganization',
  'renameOrganization',
  'changeSite',
  'changeTill',
  'tills',
  'tillChoose',
  'tillDayOpen',
  'tillDayClose',
  'putMonitoringSettings',
  'testAlert',
  'mailSettings',
  'putMailSettings',
  'changeCategory',
]);

export class FakePort implements Port {
  current: AppView;
  draft: TicketDraft | null = null;
  waiting: OutboxSale[] = [];
  puts: TicketDraft[] = [];
  finished: TicketDraft[] = [];
  calls: Call[] = [];
  closeAnswers: boolean[] = [];
  inputs = 0;
  firstOperators: string[][] = [];
  signIns: [string, string][] = [];
  retryOutcome: RetryOutcome = 'still_offline';
  lifetimes: SessionSettings = {
    token_expiration_minutes: 15,
    activity_threshold_minutes: 15,
    idle_timeout_minutes: 480,
    session_max_hours: 720,
  };
  sessions: MySession[] = [];
  administration = new FakeAdministration(Date.now());
  insight = new FakeInsight();
  alerting = new FakeAlerts(Date.now());
  auditing = new FakeAudit(Date.now());
  shop = new FakeShop(fakeCategories);
  tickets = new FakeTickets();
  tilling = new FakeTills();
  impersonating = new FakeImpersonation(Date.now());
  /** Whether the password was given again not long ago. */
  reauthenticated = true;
  passwords: string[][] = [];
  /** The ticket in hand of each organisation that was left. */
  #drafts = new Map<string, TicketDraft | null>();
  /** Answers that a test or a demonstration wants instead of the usual one. */
  failures = new Map<Call, UiError>();
  #listeners = new Set<(view: AppView) => void>();
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(start: AppView = view()) {
    this.current = start;
    const now = Date.now();
    const session = (id: string, device: string, kind: 'till' | 'desk', ip: string, ageMinutes: number): MySession => ({
      session_id: id,
      organization_name: 'La Boucle',
      role: 'admin',
      site_name: kind === 'till' ? 'Nantes Est' : null,
      ip_address: ip,
      device_name: device,
      device_kind: kind,
      application: 'Vigie 0.1.0',
      created_at_ms: now - 3 * 24 * 60 * MINUTE_MS,
      last_used_at_ms: now - ageMinutes * MINUTE_MS,
      expires_at_ms: now + 27 * 24 * 60 * MINUTE_MS,
      idle_end_ms: kind === 'desk' ? now + 7 * 60 * MINUTE_MS : null,
      is_bound: id !== 's3',
      is_current: id === 's1',
    });
    this.sessions = [
      session('s1', 'Caisse 1', 'till', '192.168.1.21', 0),
      session('s2', 'Bureau de Camille', 'desk', '192.168.1.40', 42),
      session('s3', 'Caisse 2', 'till', '192.168.1.22', 2_000),
    ];
  }

  /** Sends a changed view to the screen, as the shell does. */
  change(more: Partial<AppView>, session: Partial<SessionView> = {}): AppView {
    this.current = {
      ...this.current,
      ...more,
      revision: this.current.revision + 1,
      session: { ...this.current.session, ...session },
    };
    for (const listener of this.#listeners) listener(this.current);
    return this.current;
  }

  #fails(call: Call): UiError | undefined {
    this.calls.push(call);
    if (this.current.impersonation && forbidden.has(call)) return problem('forbidden_while_impersonating');
    return this.failures.get(call);
  }

  /** Whose rights and place hold. */
  get #caller(): OperatorView {
    return (this.current.impersonation?.operator ?? this.current.operator)!;
  }

  async onAppChanged(listener: (view: AppView) => void): Promise<() => void> {
    this.calls.push('onAppChanged');
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async appView(): Promise<AppView> {
    this.calls.push('appView');
    return this.current;
  }

  async signIn(username: string, password: string): Promise<Answer<AppView>> {
    const error = this.#fails('signIn');
    this.signIns.push([username, password]);
    if (error) return no(error);
    if (password === 'faux') return no(problem('invalid_credentials'));
    const before = this.current.operator;
    const operator = before?.username === username ? before : { ...view().operator!, username, display_name: username };
    if (before && before.username !== username) this.draft = null;
    return ok(
      this.change(
        { operator },
        { phase: 'signed_in', banner: { kind: 'hidden' }, severity: 'hidden', connection: { kind: 'online' } },
      ),
    );
  }

  async firstOperator(
    organizationName: string,
    username: string,
    displayName: string,
    password: string,
  ): Promise<Answer<AppView>> {
    const error = this.#fails('firstOperator');
    if (error) return no(error);
    this.firstOperators.push([organizationName, username, displayName, password]);
    const operator = { ...view().operator!, username, display_name: displayName, organization_name: organizationName };
    return ok(this.change({ operator, first_operator_needed: false }, { phase: 'signed_in' }));
  }

  async retry(): Promise<Answer<RetryOutcome>> {
    const error = this.#fails('retry');
    if (error) return no(error);
    if (this.retryOutcome === 'recovered') {
      this.change({}, { banner: { kind: 'hidden' }, severity: 'hidden', connection: { kind: 'online' } });
    }
    return ok(this.retryOutcome);
  }

  async save(draft: TicketDraft | null): Promise<Answer<{ saved_at_ms: number }>> {
    const error = this.#fails('save');
    if (error) return no(error);
    if (draft) this.#keep(draft);
    return ok({ saved_at_ms: Date.now() });
  }

  async signOut(leaveUnsent: boolean): Promise<Answer<AppView>> {
    const error = this.#fails('signOut');
    if (error) return no(error);
    const { waiting, parked } = this.current.work;
    if (waiting + parked > 0 && !leaveUnsent) return no(problem('work_unsent'));
    this.#over('ended');
    return ok(
      this.change(
        { operator: null, impersonation_over: null },
        { phase: 'signed_out', banner: { kind: 'hidden' }, severity: 'hidden' },
      ),
    );
  }

  async operatorInput(): Promise<void> {
    this.calls.push('operatorInput');
    this.inputs += 1;
  }

  async categories(): Promise<Answer<{ categories: Category[]; from_cache: boolean }>> {
    const error = this.#fails('categories');
    return error
      ? no(error)
      : ok({ categories: this.shop.tiles(), from_cache: this.current.session.connection.kind === 'lost' });
  }

  async ticketCurrent(): Promise<Answer<TicketDraft | null>> {
    const error = this.#fails('ticketCurrent');
    return error ? no(error) : ok(this.current.impersonation ? null : this.draft);
  }

  #keep(draft: TicketDraft): void {
    this.draft = structuredClone(draft);
    this.puts.push(this.draft);
  }

  async ticketPut(draft: TicketDraft): Promise<Answer<{ saved_at_ms: number }>> {
    const error = this.#fails('ticketPut');
    if (error) return no(error);
    this.#keep(draft);
    return ok({ saved_at_ms: Date.now() });
  }

  async ticketFinish(draft: TicketDraft, keeping: TicketKeeping): Promise<Answer<AppView>> {
    const error = this.#fails('ticketFinish');
    if (error) return no(error);
    const lost = this.current.session.connection.kind === 'lost';
    const { impersonation } = this.current;
    if (impersonation && keeping === 'journal') return no(problem('forbidden_while_impersonating'));
    if (!impersonation && keeping === 'memory') return no(problem('impersonation_over'));
    if (impersonation) {
      if (lost) return no(problem('offline'));
      this.finished.push(structuredClone(draft));
      return ok(this.current);
    }
    this.finished.push(structuredClone(draft));
    this.draft = null;
    const mended = this.tickets.mending.get(draft.id);
    this.tickets.mending.delete(draft.id);
    this.waiting = this.waiting.filter((each) => each.id !== mended);
    if (lost) {
      const total_cents = draft.lines.reduce((sum, line) => sum + line.quantity * line.unit_price_cents, 0);
      this.waiting.push({ id: draft.id, total_cents, finished_at_ms: Date.now(), refused: null });
    }
    return ok(this.#counted());
  }

  async outbox(): Promise<Answer<OutboxSale[]>> {
    const error = this.#fails('outbox');
    return error ? no(error) : ok(this.current.impersonation ? [] : this.waiting);
  }

  /** The view with the work counted anew. */
  #counted(): AppView {
    const refused = this.waiting.filter((each) => each.refused !== null).length;
    const waiting = this.waiting.length - refused;
    return this.change({ work: { ...this.current.work, waiting, refused, parked: this.tickets.shelf.length } });
  }

  async ticketPark(ticket: TicketToPark): Promise<Answer<AppView>> {
    const error = this.#fails('ticketPark');
    if (error) return no(error);
    this.tickets.park(ticket);
    this.draft = null;
    return ok(this.#counted());
  }

  async ticketsParked(): Promise<Answer<ParkedTicket[]>> {
    const error = this.#fails('ticketsParked');
    return error ? no(error) : ok(this.current.impersonation ? [] : this.tickets.list());
  }

  #inHand(draft: TicketDraft, before: TicketToPark | null): Answer<TicketDraft> {
    if (before && before.draft.id !== draft.id) this.tickets.park(before);
    this.draft = draft;
    this.#counted();
    return ok(structuredClone(draft));
  }

  async ticketTakeUp(id: string, inHand: TicketToPark | null): Promise<Answer<TicketDraft>> {
    const error = this.#fails('ticketTakeUp');
    if (error) return no(error);
    const draft = this.tickets.take(id);
    return draft ? this.#inHand(draft, inHand) : no(problem('ticket_not_found'));
  }

  async ticketDiscard(id: string): Promise<Answer<AppView>> {
    const error = this.#fails('ticketDiscard');
    if (error) return no(error);
    const gone = this.tickets.take(id);
    this.tickets.mending.delete(id);
    return gone ? ok(this.#counted()) : no(problem('ticket_not_found'));
  }

  #refused(id: string): Answer<OutboxSale> {
    const sale = this.waiting.find((each) => each.id === id);
    if (!sale) return no(problem('ticket_not_found'));
    return sale.refused ? ok(sale) : no(problem('sale_outcome_unknown'));
  }

  async saleReview(id: string): Promise<Answer<RefusedSale>> {
    const error = this.#fails('saleReview');
    if (error) return no(error);
    const sale = this.#refused(id);
    return sale.status === 'error' ? sale : ok(this.tickets.review(sale.data));
  }

  async saleMend(id: string, ticketId: string, inHand: TicketToPark | null): Promise<Answer<TicketDraft>> {
    const error = this.#fails('saleMend');
    if (error) return no(error);
    const sale = this.#refused(id);
    if (sale.status === 'error') return sale;
    const already = [...this.tickets.mending].find(([, mended]) => mended === id)?.[0];
    const open = this.draft?.id === already ? this.draft : null;
    const draft = already ? (open ?? this.tickets.take(already)) : null;
    return this.#inHand(draft ?? this.tickets.mend(sale.data, ticketId), inHand);
  }

  async mySessions(): Promise<Answer<MySession[]>> {
    const error = this.#fails('mySessions');
    if (error) return no(error);
    const { impersonation } = this.current;
    return ok(impersonation ? this.sessions.map((each) => ({ ...each, is_current: false })) : this.sessions);
  }

  async revokeSession(sessionId: string): Promise<Answer<number>> {
    const error = this.#fails('revokeSession') ?? this.#wants();
    if (error) return no(error);
    this.sessions = this.sessions.filter((session) => session.session_id !== sessionId);
    return ok(1);
  }

  async revokeOtherSessions(): Promise<Answer<number>> {
    const error = this.#fails('revokeOtherSessions') ?? this.#wants();
    if (error) return no(error);
    const others = this.sessions.filter((session) => !session.is_current).length;
    this.sessions = this.sessions.filter((session) => session.is_current);
    return ok(others);
  }

  #wants(): UiError | undefined {
    return this.reauthenticated ? undefined : problem('reauthentication_required');
  }

  async reauthenticate(password: string): Promise<Answer<{ until_ms: number }>> {
    const error = this.#fails('reauthenticate');
    if (error) return no(error);
    if (password === 'faux') return no(problem('password_wrong'));
    this.reauthenticated = true;
    return ok({ until_ms: Date.now() + 5 * MINUTE_MS });
  }

  async changePassword(current: string, fresh: string): Promise<Answer<AppView>> {
    const error = this.#fails('changePassword');
    if (error) return no(error);
    if (current === 'faux') return no(problem('password_wrong'));
    if (fresh === 'password') return no(problem('weak_password'));
    this.passwords.push([current, fresh]);
    this.sessions = this.sessions.filter((session) => session.is_current);
    const operator = this.current.operator && { ...this.current.operator, must_change_password: false };
    return ok(this.change({ operator }));
  }

  async organizations(): Promise<Answer<OwnOrganization[]>> {
    const error = this.#fails('organizations');
    return error ? no(error) : ok(this.administration.own);
  }

  async switchOrganization(organizationId: string): Promise<Answer<AppView>> {
    const error = this.#fails('switchOrganization');
    if (error) return no(error);
    if (this.current.work.waiting > 0) return no(problem('work_unsent', { subject: 'sales' }));
    const to = this.administration.own.find((each) => each.organization_id === organizationId);
    const operator = this.current.operator;
    if (!to || !operator) return no(problem('organization_not_found'));
    this.#drafts.set(operator.organization_id ?? '', this.draft);
    this.draft = this.#drafts.get(organizationId) ?? null;
    this.administration.own = this.administration.own.map((each) => ({ ...each, is_current: each === to }));
    const { organization_id, name: organization_name, site_name, role } = to;
    return ok(this.change({ operator: { ...operator, organization_id, organization_name, site_name, role } }));
  }

  async putNoticeAway(id: string): Promise<Answer<AppView>> {
    const error = this.#fails('putNoticeAway');
    if (error) return no(error);
    return ok(this.change({ notices: this.current.notices.filter((notice) => notice.id !== id) }));
  }

  #others(): AppView['changes'] {
    return { ...this.current.changes, impersonations: this.current.changes.impersonations + 1 };
  }

  async startImpersonation(userId: string, organizationId: string | null, reason: string): Promise<Answer<AppView>> {
    const error = this.#fails('startImpersonation');
    if (error) return no(error);
    const own = this.current.operator!;
    if (!own.is_super_admin) return no(problem('forbidden'));
    const chars = [...reason.trim()].length;
    if (chars < 10 || chars > 500) return no(problem('validation_failed', { subject: 'reason' }));
    const wants = this.#wants();
    if (wants) return no(wants);
    if (this.impersonating.live.some((each) => each.is_own)) return no(problem('already_impersonating'));
    const person = this.administration.everybody.find((each) => each.user_id === userId);
    if (!person) return no(problem('user_not_found'));
    if (person.username === own.username) return no(problem('cannot_impersonate_oneself'));
    if (person.is_super_admin) return no(problem('cannot_impersonate_above'));
    if (person.is_disabled) return no(problem('user_disabled'));
    const places = this.administration.organizationsOf(userId, true);
    const place = places.find((each) => organizationId === null || each.organization_id === organizationId);
    if (!place) return no(problem('organization_not_found'));
    this.impersonate(person.username, place.organization_id, reason.trim(), Date.now());
    return ok(this.current);
  }

  /** Acts as somebody from some moment on, until its time is up. */
  impersonate(username: string, organizationId: string, reason: string, started_ms: number): void {
    const { administration, impersonating, current } = this;
    const person = administration.everybody.find((each) => each.username === username)!;
    const place = administration.organizations.find((each) => each.organization_id === organizationId)!;
    const impersonation = impersonating.begin(current.operator!, person, place, reason, started_ms);
    this.auditing.note(started_ms, {
      action: 'impersonation.started',
      actor: current.operator!.username,
      impersonated: username,
      target: `session:${impersonation.session_id}`,
      reason,
    });
    this.#deadline = setTimeout(() => this.#over('expired'), impersonation.ends_ms - Date.now());
    this.change({ impersonation, impersonation_over: null, changes: this.#others() });
  }

  /** Ends what lasts, as the server would. */
  endImpersonation(why: ImpersonationEnd): void {
    this.#over(why);
  }

  #over(why: ImpersonationEnd): void {
    const { impersonation } = this.current;
    if (!impersonation) return;
    clearTimeout(this.#deadline);
    const { session_id, operator } = impersonation;
    this.impersonating.end(session_id);
    this.auditing.note(Date.now(), {
      action: `impersonation.${why === 'forced' ? 'force_stopped' : why}`,
      actor: this.current.operator?.username ?? null,
      impersonated: operator.username,
      target: `session:${session_id}`,
    });
    this.change({
      impersonation: null,
      impersonation_over: { session_id, user_name: operator.display_name, why },
      changes: this.#others(),
    });
  }

  async stopImpersonation(sessionId: string): Promise<Answer<AppView>> {
    const error = this.#fails('stopImpersonation');
    if (error) return no(error);
    if (this.current.impersonation?.session_id === sessionId) this.#over('stopped');
    else {
      const own = this.impersonating.live.some((each) => each.is_own && each.session_id === sessionId);
      if (!own || !this.impersonating.end(sessionId)) return no(problem('impersonation_over'));
      this.change({ changes: this.#others() });
    }
    return ok(this.current);
  }

  async forceStopImpersonation(sessionId: string): Promise<Answer<null>> {
    const error = this.#fails('forceStopImpersonation') ?? this.#wants();
    if (error) return no(error);
    if (!this.impersonating.end(sessionId)) return no(problem('impersonation_over'));
    this.change({ changes: this.#others() });
    return ok(null);
  }

  async putImpersonationEndAway(): Promise<Answer<AppView>> {
    const error = this.#fails('putImpersonationEndAway');
    return error ? no(error) : ok(this.change({ impersonation_over: null }));
  }

  async liveImpersonations(): Promise<Answer<LiveImpersonation[]>> {
    const error = this.#fails('liveImpersonations');
    if (error) return no(error);
    return this.#caller.is_super_admin ? ok(this.impersonating.live) : no(problem('forbidden'));
  }

  async impersonationSettings(): Promise<Answer<ImpersonationSettings>> {
    const error = this.#fails('impersonationSettings');
    return error ? no(error) : ok(this.impersonating.settings);
  }

  async putImpersonationSettings(settings: ImpersonationSettings): Promise<Answer<ImpersonationSettings>> {
    const error = this.#fails('putImpersonationSettings') ?? this.#wants();
    if (error) return no(error);
    this.impersonating.settings = settings;
    return ok(settings);
  }

  async liveSessions(query: SessionQuery): Promise<Answer<SessionPage>> {
    const error = this.#fails('liveSessions');
    return error ? no(error) : ok(this.administration.sessionPage(query, Date.now()));
  }

  async endSession(sessionId: string): Promise<Answer<number>> {
    const error = this.#fails('endSession') ?? this.#wants();
    return error ? no(error) : ok(this.administration.end((each) => each.session.session_id === sessionId));
  }

  async endSessionsOfPerson(userId: string): Promise<Answer<number>> {
    const error = this.#fails('endSessionsOfPerson') ?? this.#wants();
    return error ? no(error) : ok(this.administration.end((each) => each.user_id === userId));
  }

  async endSessionsOfOrganization(): Promise<Answer<number>> {
    const error = this.#fails('endSessionsOfOrganization') ?? this.#wants();
    return error ? no(error) : ok(this.administration.end(() => true));
  }

  async endAllSessions(): Promise<Answer<number>> {
    const error = this.#fails('endAllSessions') ?? this.#wants();
    return error ? no(error) : ok(this.administration.end(() => true));
  }

  async people(query: PeopleQuery): Promise<Answer<PeoplePage>> {
    const error = this.#fails('people');
    return error ? no(error) : ok(this.administration.page(query));
  }

  #person(userId: string): Answer<PersonDetail> {
    const detail = this.administration.detail(userId, this.#caller);
    return detail ? ok(detail) : no(problem('user_not_found'));
  }

  async person(userId: string): Promise<Answer<PersonDetail>> {
    const error = this.#fails('person');
    return error ? no(error) : this.#person(userId);
  }

  async addPerson(person: NewUserRequest): Promise<Answer<OneTimePassword>> {
    const error = this.#fails('addPerson');
    if (error) return no(error);
    if (this.administration.everybody.some((each) => each.username === person.username.toLowerCase()))
      return no(problem('name_taken', { subject: 'username' }));
    const { username } = this.administration.add(person);
    return ok({ username, password: 'tulipe-canard-7', revoked: 0 });
  }

  async changePerson(userId: string, change: UserChange): Promise<Answer<PersonDetail>> {
    const grave = change.role || change.disabled || typeof change.super_admin === 'boolean';
    const error = this.#fails('changePerson') ?? (grave ? this.#wants() : undefined);
    if (error) return no(error);
    this.administration.change(userId, change);
    return this.#person(userId);
  }

  async joinPerson(userId: string, membership: MembershipRequest): Promise<Answer<PersonDetail>> {
    const error = this.#fails('joinPerson') ?? this.#wants();
    if (error) return no(error);
    this.administration.join(userId, membership);
    return this.#person(userId);
  }

  async removePerson(userId: string): Promise<Answer<null>> {
    const error = this.#fails('removePerson') ?? this.#wants();
    if (error) return no(error);
    this.administration.everybody = this.administration.everybody.filter((each) => each.user_id !== userId);
    this.administration.end((each) => each.user_id === userId);
    return ok(null);
  }

  async resetPassword(userId: string): Promise<Answer<OneTimePassword>> {
    const error = this.#fails('resetPassword') ?? this.#wants();
    if (error) return no(error);
    const username = this.administration.everybody.find((each) => each.user_id === userId)?.username ?? '';
    return ok({
      username,
      password: 'tulipe-canard-7',
      revoked: this.administration.end((each) => each.user_id === userId),
    });
  }

  async administeredOrganizations(): Promise<Answer<OrganizationList>> {
    const error = this.#fails('administeredOrganizations');
    if (error) return no(error);
    const all = this.administration.organizations;
    return ok({ organizations: this.#caller.is_super_admin ? all : all.slice(0, 1) });
  }

  async addOrganization(organization: NewOrganizationRequest): Promise<Answer<OrganizationSummary>> {
    const error = this.#fails('addOrganization');
    if (error) return no(error);
    const added = { organization_id: `o${this.administration.organizations.length + 1}`, ...organization };
    this.administration.organizations = [...this.administration.organizations, added];
    return ok(added);
  }

  async renameOrganization(organizationId: string, name: string): Promise<Answer<OrganizationSummary>> {
    const error = this.#fails('renameOrganization');
    if (error) return no(error);
    const all = this.administration.organizations.map((each) =>
      each.organization_id === organizationId ? { ...each, name } : each,
    );
    this.administration.organizations = all;
    return ok(all.find((each) => each.organization_id === organizationId)!);
  }

  #tillFails(call: Call): UiError | undefined {
    const error = this.#fails(call);
    return error ?? (this.current.session.connection.kind === 'lost' ? problem('offline') : undefined);
  }

  async tills(): Promise<Answer<TillBoard>> {
    const error = this.#tillFails('tills');
    return error ? no(error) : ok(this.tilling.board());
  }

  async tillChoose(tillId: string): Promise<Answer<TillBoard>> {
    const error = this.#tillFails('tillChoose');
    return error ? no(error) : this.tilling.choose(tillId);
  }

  async tillDayOpen(tillId: string, floatCents: number): Promise<Answer<TillDay>> {
    const error = this.#tillFails('tillDayOpen');
    return error ? no(error) : this.tilling.open(tillId, floatCents);
  }

  async tillDayClose(tillId: string, dayId: string, countedCents: number, comment: string): Promise<Answer<TillDay>> {
    const error = this.#tillFails('tillDayClose');
    return error ? no(error) : this.tilling.close(tillId, dayId, countedCents, comment);
  }

  async tillDays(tillId: string | null, after: string | null): Promise<Answer<TillDayPage>> {
    const error = this.#fails('tillDays');
    return error ? no(error) : ok(this.tilling.days(tillId, after));
  }

  async places(): Promise<Answer<Places>> {
    const error = this.#fails('places');
    return error ? no(error) : ok({ sites: this.administration.sites, tills: this.administration.tills });
  }

  async addSite(name: string): Promise<Answer<Site>> {
    const error = this.#fails('addSite');
    if (error) return no(error);
    const site = { site_id: `site-${this.administration.sites.length}`, name, is_archived: false };
    this.administration.sites = [...this.administration.sites, site];
    return ok(site);
  }

  async changeSite(siteId: string, change: SiteChange): Promise<Answer<Site>> {
    const error = this.#fails('changeSite');
    if (error) return no(error);
    this.administration.sites = this.administration.sites.map((site) =>
      site.site_id === siteId
        ? { ...site, name: change.name ?? site.name, is_archived: change.archived ?? site.is_archived }
        : site,
    );
    return ok(this.administration.sites.find((site) => site.site_id === siteId)!);
  }

  async addTill(till: NewTillRequest): Promise<Answer<Till>> {
    const error = this.#fails('addTill');
    return error ? no(error) : ok(this.administration.addTill(till));
  }

  async changeTill(tillId: string, change: TillChange): Promise<Answer<Till>> {
    const error = this.#fails('changeTill');
    if (error) return no(error);
    this.administration.tills = this.administration.tills.map((till) =>
      till.till_id === tillId
        ? { ...till, name: change.name ?? till.name, is_archived: change.archived ?? till.is_archived }
        : till,
    );
    return ok(this.administration.tills.find((till) => till.till_id === tillId)!);
  }

  async sessionMetrics({ range }: InsightQuery): Promise<Answer<SessionMetrics>> {
    const error = this.#fails('sessionMetrics');
    return error ? no(error) : ok(this.insight.metrics(range, Date.now()));
  }

  async topErrors(query: ErrorsQuery): Promise<Answer<TopErrors>> {
    const error = this.#fails('topErrors');
    return error ? no(error) : ok(this.insight.errors(query, Date.now()));
  }

  async sufferingDevices(): Promise<Answer<SufferingDevices>> {
    const error = this.#fails('sufferingDevices');
    return error ? no(error) : ok(this.insight.devices(Date.now()));
  }

  async exportSessionMetrics({ range }: InsightQuery): Promise<Answer<SavedFile>> {
    const error = this.#fails('exportSessionMetrics');
    if (error) return no(error);
    this.insight.exported.push(range);
    return ok({ path: `~/Téléchargements/vigie-sessions-${range}-2026-01-02.csv` });
  }

  async alerts(after: string | null): Promise<Answer<AlertList>> {
    const error = this.#fails('alerts');
    return error ? no(error) : ok(this.alerting.page(after));
  }

  async monitoringSettings(): Promise<Answer<MonitoringSettings>> {
    const error = this.#fails('monitoringSettings');
    return error ? no(error) : ok(this.alerting.monitoring);
  }

  async putMonitoringSettings(settings: MonitoringSettings): Promise<Answer<MonitoringSettings>> {
    const error = this.#fails('putMonitoringSettings');
    if (error) return no(error);
    this.alerting.monitoring = settings;
    return ok(settings);
  }

  async testAlert(): Promise<Answer<AlertTestAnswer>> {
    const error = this.#fails('testAlert');
    if (error) return no(error);
    const { refuses } = this.alerting;
    return ok(refuses === null ? { is_sent: true } : { is_sent: false, failure: 'refused', reason: refuses });
  }

  async mailSettings(): Promise<Answer<MailSettings>> {
    const error = this.#fails('mailSettings');
    return error ? no(error) : ok(this.alerting.mail);
  }

  async putMailSettings(settings: NewMailSettings): Promise<Answer<MailSettings>> {
    const error = this.#fails('putMailSettings') ?? this.#wants();
    return error ? no(error) : ok(this.alerting.putMail(settings));
  }

  async audit(query: AuditQuery, after: string | null): Promise<Answer<AuditPage>> {
    const error = this.#fails('audit');
    return error ? no(error) : ok(this.auditing.page(query, after));
  }

  async exportAudit(query: AuditQuery, format: AuditFormat): Promise<Answer<SavedFile>> {
    const error = this.#fails('exportAudit');
    if (error) return no(error);
    this.auditing.exported.push([format, query]);
    return ok({ path: `~/Téléchargements/vigie-audit-2026-01-02.${format}` });
  }

  async shopCategories(): Promise<Answer<ShopCategory[]>> {
    const error = this.#fails('shopCategories');
    return error ? no(error) : ok(this.shop.categories);
  }

  /** Tells every open screen, as the server does. */
  #shopChanged<T>(answer: Answer<T>): Answer<T> {
    const { changes } = this.current;
    if (answer.status === 'ok') this.change({ changes: { ...changes, categories: changes.categories + 1 } });
    return answer;
  }

  async addCategory(category: NewCategoryRequest): Promise<Answer<ShopCategory>> {
    const error = this.#fails('addCategory');
    return error ? no(error) : this.#shopChanged(this.shop.add(category));
  }

  async changeCategory(categoryId: string, change: CategoryChange): Promise<Answer<ShopCategory>> {
    const error = this.#fails('changeCategory');
    return error ? no(error) : this.#shopChanged(this.shop.change(categoryId, change));
  }

  async moveCategory(categoryId: string, direction: MoveDirection): Promise<Answer<ShopCategory>> {
    const error = this.#fails('moveCategory');
    return error ? no(error) : this.#shopChanged(this.shop.move(categoryId, direction));
  }

  async startCategories(language: GoodsLanguage): Promise<Answer<ShopCategory[]>> {
    const error = this.#fails('startCategories');
    return error ? no(error) : this.#shopChanged(this.shop.start(language));
  }

  async sessionSettings(): Promise<Answer<SessionSettings>> {
    const error = this.#fails('sessionSettings');
    return error ? no(error) : ok(this.lifetimes);
  }

  async putSessionSettings(settings: SessionSettings): Promise<Answer<SessionSettings>> {
    const error = this.#fails('putSessionSettings');
    if (error) return no(error);
    this.lifetimes = settings;
    return ok(settings);
  }

  async putDeviceSettings(settings: DeviceSettings): Promise<Answer<AppView>> {
    const error = this.#fails('putDeviceSettings');
    return error ? no(error) : ok(this.change({ settings, server: settings.server }));
  }

  async testServer(): Promise<Answer<null>> {
    const error = this.#fails('testServer');
    return error ? no(error) : ok(null);
  }

  async about(): Promise<{ version: string; platform: string; webview: string; data_folder: string; demo: boolean }> {
    this.calls.push('about');
    return {
      version: '0.1.0',
      platform: 'Linux',
      webview: navigator.userAgent,
      data_folder: '~/.local/share/vigie',
      demo: true,
    };
  }

  async windowReady(): Promise<void> {
    this.calls.push('windowReady');
  }

  async answerClose(close: boolean): Promise<void> {
    this.calls.push('answerClose');
    this.closeAnswers.push(close);
    this.change({ close_asked: false });
  }
}
