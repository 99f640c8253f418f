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
  reauthenticate: (password) => answer(commands.reauthenticate(password)),
  changePassword: (current, fresh) => answer(commands.changePassword(current, fresh)),
  organizations: () => answer(commands.organizations()),
  switchOrganization: (id) => answer(commands.switchOrganization(id)),
  putNoticeAway: (id) => answer(commands.putNoticeAway(id)),
  liveSessions: (query) => answer(commands.liveSessions(query)),
  endSession: (id) => answer(commands.endSession(id)),
  endSessionsOfPerson: (id) => answer(commands.endSessionsOfPerson(id)),
  endSessionsOfOrganization: (id) => answer(commands.endSessionsOfOrganization(id)),
  endAllSessions: () => answer(commands.endAllSessions()),
  people: (query) => answer(commands.people(query)),
  person: (id) => answer(commands.person(id)),
  addPerson: (person) => answer(commands.addPerson(person)),
  changePerson: (id, change) => answer(commands.changePerson(id, change)),
  joinPerson: (id, membership) => answer(commands.joinPerson(id, membership)),
  removePerson: (id) => answer(commands.removePerson(id)),
  resetPassword: (id) => answer(commands.resetPassword(id)),
  administeredOrganizations: (after) => answer(commands.administeredOrganizations(after)),
  addOrganization: (organization) => answer(commands.addOrganization(organization)),
  renameOrganization: (id, name) => answer(commands.renameOrganization(id, name)),
  places: () => answer(commands.places()),
  addSite: (name) => answer(commands.addSite(name)),
  changeSite: (id, change) => answer(commands.changeSite(id, change)),
  addTill: (till) => answer(commands.addTill(till)),
  changeTill: (id, change) => answer(commands.changeTill(id, change)),
  sessionSettings: () => answer(commands.sessionSettings()),
  putSessionSettings: (settings) => answer(commands.putSessionSettings(settings)),
  putDeviceSettings: (settings) => answer(commands.deviceSettingsPut(settings)),
  testServer: (server, caFile) => answer(commands.testServer(server, caFile)),
  about: () => commands.about(),
  windowReady: () => commands.windowReady(),
  answerClose: (close) => commands.answerClose(close),
};
