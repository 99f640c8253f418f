// The screen's one door to the shell: everything it may ask, and the one event it hears.

import type {
  About,
  AppView,
  Categories,
  DeviceSettings,
  MySession,
  OutboxSale,
  RetryOutcome,
  Saved,
  ServerView,
  SessionSettings,
  TicketDraft,
  UiError,
} from './bindings';

export type {
  About,
  AppView,
  Banner,
  Categories,
  Category,
  Connection,
  DeviceKind,
  DeviceSettings,
  DraftLine,
  DraftPayment,
  EndReason,
  Fault,
  Language,
  Millis,
  MySession,
  OperatorView,
  OrganizationRole,
  OutboxSale,
  PaymentMethod,
  Persistence,
  Phase,
  Place,
  RetryOutcome,
  Saved,
  ServerView,
  SessionSettings,
  SessionView,
  Severity,
  Theme,
  TicketDraft,
  Trouble,
  UiError,
  UiErrorCode,
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
  ticketFinish(draft: TicketDraft): Promise<Answer<AppView>>;
  outbox(): Promise<Answer<OutboxSale[]>>;
  mySessions(): Promise<Answer<MySession[]>>;
  revokeSession(sessionId: string): Promise<Answer<number>>;
  revokeOtherSessions(): Promise<Answer<number>>;
  sessionSettings(): Promise<Answer<SessionSettings>>;
  putSessionSettings(settings: SessionSettings): Promise<Answer<SessionSettings>>;
  putDeviceSettings(settings: DeviceSettings): Promise<Answer<AppView>>;
  testServer(server: ServerView, caFile: string | null): Promise<Answer<null>>;
  about(): Promise<About>;
  windowReady(): Promise<void>;
  answerClose(close: boolean): Promise<void>;
}
