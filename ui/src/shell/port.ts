// The screen's one door to the shell: everything it may ask, and the one event it hears.

import type {
  About,
  AlertList,
  AlertTest,
  AlertTestAnswer,
  AppView,
  AuditFormat,
  AuditPage,
  AuditQuery,
  Categories,
  CategoryChange,
  DeviceSettings,
  ErrorsQuery,
  GoodsLanguage,
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
  OrganizationList,
  OrganizationSummary,
  OutboxSale,
  OwnOrganization,
  ParkedTicket,
  PeoplePage,
  PeopleQuery,
  PersonDetail,
  Places,
  Reauthenticated,
  RefusedSale,
  RetryOutcome,
  Saved,
  SavedFile,
  ServerView,
  SessionMetrics,
  SessionPage,
  SessionQuery,
  SessionSettings,
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
  UserChange,
} from './bindings';

export type {
  About,
  Alert,
  AlertKind,
  AlertLanguage,
  AlertList,
  AlertTest,
  AlertTestAnswer,
  AlertTestFailure,
  AppView,
  AuditFormat,
  AuditGroup,
  AuditPage,
  AuditPerson,
  AuditQuery,
  AuditRecord,
  AuditResult,
  Banner,
  Categories,
  Category,
  CategoryChange,
  Connection,
  CounterTill,
  DeviceKind,
  DeviceSettings,
  DraftLine,
  DraftPayment,
  EndReason,
  ErrorsBy,
  ErrorsQuery,
  Fault,
  GoodsLanguage,
  ImpersonationEnd,
  ImpersonationOverView,
  ImpersonationPerson,
  ImpersonationSettings,
  ImpersonationView,
  InsightQuery,
  InsightRange,
  Language,
  LiveImpersonation,
  LiveSession,
  LoginFailure,
  MailProtection,
  MailSettings,
  MembershipRequest,
  MetricsStep,
  Millis,
  MonitoringSettings,
  MoveDirection,
  MySession,
  NewCategoryRequest,
  NewMailSettings,
  NewOrganizationRequest,
  NewTillRequest,
  NewUserRequest,
  NoticeKind,
  OneTimePassword,
  OpeningHours,
  OperatorView,
  OrganizationList,
  OrganizationRole,
  OrganizationSummary,
  OutboxSale,
  OwnOrganization,
  ParkedTicket,
  PaymentMethod,
  PeoplePage,
  PeopleQuery,
  Persistence,
  Person,
  PersonDetail,
  Phase,
  Place,
  Places,
  Reauthenticated,
  RefreshFailure,
  RefusedSale,
  RetryOutcome,
  Saved,
  SavedFile,
  SecurityNotice,
  ServerView,
  SessionEndReason,
  SessionMetrics,
  SessionPage,
  SessionQuery,
  SessionSettings,
  SessionView,
  Severity,
  ShopCategory,
  Site,
  SiteChange,
  SufferingDevice,
  SufferingDevices,
  Telling,
  ScreenKeyboard,
  Theme,
  TicketDraft,
  TicketKeeping,
  TicketToPark,
  Till,
  TillBoard,
  TillChange,
  TillDay,
  TillDayPage,
  TopError,
  TopErrors,
  Trouble,
  UiError,
  UiErrorCode,
  UserActions,
  UserChange,
  VaultFault,
  WorkView,
} from './bindings';

/** What came of a command that can fail. */
export type Answer<T> = { status: 'ok'; data: T } | { status: 'error'; error: UiError };

export interface Port {
  onAppChanged(listener: (view: AppView) => void): Promise<() => void>;
  appView(): Promise<AppView>;
  signIn(username: string, password: string): Promise<Answer<AppView>>;
  firstOperator(
    organizationName: string,
    username: string,
    displayName: string,
    password: string,
  ): Promise<Answer<AppView>>;
  retry(): Promise<Answer<RetryOutcome>>;
  save(draft: TicketDraft | null): Promise<Answer<Saved>>;
  signOut(leaveUnsent: boolean): Promise<Answer<AppView>>;
  operatorInput(): Promise<void>;
  categories(): Promise<Answer<Categories>>;
  ticketCurrent(): Promise<Answer<TicketDraft | null>>;
  ticketPut(draft: TicketDraft): Promise<Answer<Saved>>;
  ticketFinish(draft: TicketDraft, keeping: TicketKeeping): Promise<Answer<AppView>>;
  outbox(): Promise<Answer<OutboxSale[]>>;
  ticketPark(ticket: TicketToPark): Promise<Answer<AppView>>;
  ticketsParked(): Promise<Answer<ParkedTicket[]>>;
  ticketTakeUp(id: string, inHand: TicketToPark | null): Promise<Answer<TicketDraft>>;
  ticketDiscard(id: string): Promise<Answer<AppView>>;
  saleReview(id: string): Promise<Answer<RefusedSale>>;
  saleMend(id: string, ticketId: string, inHand: TicketToPark | null): Promise<Answer<TicketDraft>>;
  tills(): Promise<Answer<TillBoard>>;
  tillChoose(tillId: string): Promise<Answer<TillBoard>>;
  tillDayOpen(tillId: string, floatCents: number): Promise<Answer<TillDay>>;
  tillDayClose(tillId: string, dayId: string, countedCents: number, comment: string): Promise<Answer<TillDay>>;
  tillDays(tillId: string | null, after: string | null): Promise<Answer<TillDayPage>>;
  mySessions(): Promise<Answer<MySession[]>>;
  revokeSession(sessionId: string): Promise<Answer<number>>;
  revokeOtherSessions(): Promise<Answer<number>>;
  reauthenticate(password: string): Promise<Answer<Reauthenticated>>;
  changePassword(currentPassword: string, newPassword: string): Promise<Answer<AppView>>;
  organizations(): Promise<Answer<OwnOrganization[]>>;
  switchOrganization(organizationId: string): Promise<Answer<AppView>>;
  putNoticeAway(id: string): Promise<Answer<AppView>>;
  startImpersonation(userId: string, organizationId: string | null, reason: string): Promise<Answer<AppView>>;
  stopImpersonation(sessionId: string): Promise<Answer<AppView>>;
  forceStopImpersonation(sessionId: string): Promise<Answer<null>>;
  putImpersonationEndAway(): Promise<Answer<AppView>>;
  liveImpersonations(): Promise<Answer<LiveImpersonation[]>>;
  impersonationSettings(): Promise<Answer<ImpersonationSettings>>;
  putImpersonationSettings(settings: ImpersonationSettings): Promise<Answer<ImpersonationSettings>>;
  liveSessions(query: SessionQuery): Promise<Answer<SessionPage>>;
  endSession(sessionId: string): Promise<Answer<number>>;
  endSessionsOfPerson(userId: string): Promise<Answer<number>>;
  endSessionsOfOrganization(organizationId: string): Promise<Answer<number>>;
  endAllSessions(): Promise<Answer<number>>;
  people(query: PeopleQuery): Promise<Answer<PeoplePage>>;
  person(userId: string): Promise<Answer<PersonDetail>>;
  addPerson(person: NewUserRequest): Promise<Answer<OneTimePassword>>;
  changePerson(userId: string, change: UserChange): Promise<Answer<PersonDetail>>;
  joinPerson(userId: string, membership: MembershipRequest): Promise<Answer<PersonDetail>>;
  removePerson(userId: string): Promise<Answer<null>>;
  resetPassword(userId: string): Promise<Answer<OneTimePassword>>;
  administeredOrganizations(after: string | null): Promise<Answer<OrganizationList>>;
  addOrganization(organization: NewOrganizationRequest): Promise<Answer<OrganizationSummary>>;
  renameOrganization(organizationId: string, name: string): Promise<Answer<OrganizationSummary>>;
  places(): Promise<Answer<Places>>;
  addSite(name: string): Promise<Answer<Site>>;
  changeSite(siteId: string, change: SiteChange): Promise<Answer<Site>>;
  addTill(till: NewTillRequest): Promise<Answer<Till>>;
  changeTill(tillId: string, change: TillChange): Promise<Answer<Till>>;
  sessionMetrics(query: InsightQuery): Promise<Answer<SessionMetrics>>;
  topErrors(query: ErrorsQuery): Promise<Answer<TopErrors>>;
  sufferingDevices(query: InsightQuery): Promise<Answer<SufferingDevices>>;
  exportSessionMetrics(query: InsightQuery): Promise<Answer<SavedFile>>;
  alerts(after: string | null): Promise<Answer<AlertList>>;
  monitoringSettings(): Promise<Answer<MonitoringSettings>>;
  putMonitoringSettings(settings: MonitoringSettings): Promise<Answer<MonitoringSettings>>;
  testAlert(what: AlertTest): Promise<Answer<AlertTestAnswer>>;
  mailSettings(): Promise<Answer<MailSettings>>;
  putMailSettings(settings: NewMailSettings): Promise<Answer<MailSettings>>;
  audit(query: AuditQuery, after: string | null): Promise<Answer<AuditPage>>;
  exportAudit(query: AuditQuery, format: AuditFormat): Promise<Answer<SavedFile>>;
  shopCategories(): Promise<Answer<ShopCategory[]>>;
  addCategory(category: NewCategoryRequest): Promise<Answer<ShopCategory>>;
  changeCategory(categoryId: string, change: CategoryChange): Promise<Answer<ShopCategory>>;
  moveCategory(categoryId: string, direction: MoveDirection): Promise<Answer<ShopCategory>>;
  startCategories(language: GoodsLanguage): Promise<Answer<ShopCategory[]>>;
  sessionSettings(): Promise<Answer<SessionSettings>>;
  putSessionSettings(settings: SessionSettings): Promise<Answer<SessionSettings>>;
  putDeviceSettings(settings: DeviceSettings): Promise<Answer<AppView>>;
  testServer(server: ServerView, caFile: string | null): Promise<Answer<null>>;
  about(): Promise<About>;
  windowReady(): Promise<void>;
  answerClose(close: boolean): Promise<void>;
}
