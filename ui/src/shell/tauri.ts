// The port over Tauri: the only place that imports it.

import { commands, events } from './bindings';
import type { Answer, Port, UiError } from './port';

const internal = {
  status: 'error',
  error: { code: 'internal', retry_after_seconds: null, subject: null },
} satisfies Answer<never>;

/** The bridge itself can fail too, with a text or an exception: the operator sees one sentence for all of that. */
async function answer<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    const came = await call;
    if (came.status === 'ok') return came;
    const error: Partial<UiError> | string | null = came.error;
    return typeof error === 'object' && error?.code ? came : internal;
  } catch {
    return internal;
  }
}

export const tauriPort: Port = {
  onAppChanged: (listener) => events.appChanged.listen((event) => listener(event.payload)),
  appView: () => commands.appView(),
  signIn: (username, password) => answer(commands.signIn(username, password)),
  firstOperator: (organizationName, username, displayName, password) =>
    answer(commands.firstOperator(organizationName, username, displayName, password)),
  retry: () => answer(commands.retry()),
  save: (draft) => answer(commands.save(draft)),
  signOut: (leaveUnsent) => answer(commands.signOut(leaveUnsent)),
  operatorInput: () => commands.operatorInput(),
  categories: () => answer(commands.categories()),
  ticketCurrent: () => answer(commands.ticketCurrent()),
  ticketPut: (draft) => answer(commands.ticketPut(draft)),
  ticketFinish: (draft) => answer(commands.ticketFinish(draft)),
  outbox: () => answer(commands.outbox()),
  mySessions: () => answer(commands.mySessions()),
  revokeSession: (sessionId) => answer(commands.revokeSession(sessionId)),
  revokeOtherSessions: () => answer(commands.revokeOtherSessions()),
  sessionSettings: () => answer(commands.sessionSettings()),
  putSessionSettings: (settings) => answer(commands.putSessionSettings(settings)),
  putDeviceSettings: (settings) => answer(commands.deviceSettingsPut(settings)),
  testServer: (server, caFile) => answer(commands.testServer(server, caFile)),
  about: () => commands.about(),
  windowReady: () => commands.windowReady(),
  answerClose: (close) => commands.answerClose(close),
};
