// What acting as somebody else says, in English.

import type { ImpersonationWords } from './impersonation.fr';

const many = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`;

export const en: ImpersonationWords = {
  name: 'View as',

  person: {
    hint: (name) =>
      `Work for a while with the rights of ${name}, on their screens, to understand or to mend. All of it is written in the log.`,
    look: 'View',
    lookLabel: (name) => `View the sheet of ${name}`,
    open: 'View as…',
    openLabel: (name) => `View as ${name}…`,
    oneself: 'This is you: nobody views as oneself.',
    above: 'This person is a general administrator: nobody views as one.',
    disabled: 'This account is disabled: enable it first.',
  },

  begin: {
    title: (name) => `View as ${name}?`,
    lead: (name) => `The application will act as if you were ${name}: their rights, organisation and screens.`,
    written: (own, name) => `All that you do and read is written in the log under both names, ${own} and ${name}.`,
    told: (name) => `The other general administrators are told, and so is ${name}, unless the settings say otherwise.`,
    ends: 'It ends after two hours at the latest, and sooner if you stop or if your session is closed.',
    forbidden:
      'Still forbidden: accounts and roles, passwords, mail and alerts, closing sessions, renaming or archiving.',
    kept: 'Nothing waits on this device: a ticket that is paid leaves for the server at once. Your own ticket will wait for you here.',
    organization: 'In which organisation',
    reason: 'Why',
    reasonHint: (least, most) =>
      `${least} to ${most} characters. The reason stays in the log, and general administrators read it.`,
    count: (typed, most) => `${typed} of ${most}`,
    short: (missing) => `At least ${many(missing, 'more character', 'more characters')}: say why.`,
    long: (extra) => `${many(extra, 'character', 'characters')} too many.`,
    refused: 'This reason was not accepted. Write it in another way.',
    submit: 'Begin',
    busy: 'Opening…',
    board: 'See what is under way',
  },

  banner: {
    sees: 'views as',
    elapsed: (time) => `for ${time}`,
    left: (time) => `${time} left`,
    ending: 'Ending…',
    notes: {
      near: 'Three quarters of the time are over.',
      quarter: 'Less than 15 minutes are left.',
      last: 'Less than 2 minutes are left: finish.',
    },
    stop: 'Stop',
    stopLabel: (name) => `Stop viewing as ${name}`,
    stopping: 'Stopping…',
    said: {
      begun: (name, duration) => `You now view as ${name}, for ${duration} more.`,
      near: (name, duration) => `Viewing as ${name}: three quarters of the time are over, ${duration} left.`,
      quarter: (name, duration) => `Viewing as ${name} ends in ${duration}.`,
      last: (name, duration) => `Viewing as ${name} ends in ${duration}. Finish.`,
      over: (name) => `Viewing as ${name} is ending.`,
    },
    ticketTitle: 'Stop and lose this ticket?',
    ticketEffect: (amount) => `The ticket of ${amount} is kept nowhere. Take its payment first, or it will be lost.`,
    ticketYes: 'Stop all the same',
  },

  over: {
    label: 'End of “View as”',
    why: {
      stopped: (name) => `You stopped viewing as ${name}.`,
      forced: (name) => `Another general administrator stopped “View as” on ${name}.`,
      expired: (name) => `“View as” on ${name} ran out of time.`,
      ended: (name) => `“View as” on ${name} ended: a session or an account that it hung on is no longer open.`,
    },
    safe: 'You are yourself again. Your session and your ticket are as they were.',
    seen: 'Seen',
  },

  meanwhile: {
    save: 'Under “View as” nothing is kept on this device. A ticket that is paid leaves at once.',
    pay: 'Under “View as” this ticket leaves for the server at once. If it does not leave, it stays here.',
    tickets: 'Under “View as” no ticket waits here. Yours come back with you.',
    sessions: 'Under “View as” sessions can be read. They cannot be closed from here.',
    people: 'Under “View as” accounts can be read. They cannot be changed.',
    places: 'Under “View as” a site or a till can be added, not renamed or archived.',
    categories: 'Under “View as” categories can be added and moved, not changed or archived.',
    organizations: 'Under “View as” you stay in this organisation, and none can be renamed.',
    alerts: 'Under “View as” these settings can be read. They cannot be changed.',
    server: 'Under “View as” the server cannot be changed.',
    leave: 'Sign out: stop first',
  },

  board: {
    title: 'Under way',
    intro: 'Who views as whom right now, in all organisations.',
    figures: (count) => `${count} “View as” under way`,
    live: (time) => `Live, read at ${time}`,
    stale: (time) => `As of ${time}: the server could not be asked since.`,
    none: 'Nobody views as somebody else right now.',
    forbidden: 'This board is for a general administrator’s account.',
    organization: 'Organisation',
    reason: 'Reason',
    device: 'Device',
    address: 'Address',
    began: 'Begun',
    time: (elapsed, left) => `for ${elapsed}, ${left} left`,
    near: 'About to run out',
    ending: 'Ending…',
    own: 'Yours',
    stop: 'Stop',
    stopLabel: (name) => `Stop viewing as ${name}`,
    stopped: (name) => `You no longer view as ${name}.`,
    force: 'Force stop…',
    forceLabel: (own, name) => `Force stop: ${own} views as ${name}`,
    forceTitle: (own, name) => `Stop ${own}, who views as ${name}?`,
    forceEffect: (own) =>
      `It holds from the next request of ${own}, who will see it said. A ticket in hand there is lost. Their own session stays open.`,
    forceYes: 'Stop now',
    forced: (own, name) => `${own} no longer views as ${name}.`,
  },

  settings: {
    title: 'Conditions',
    hint: 'The same for every organisation of this server.',
    networks: 'Networks allowed (one a line, empty: anywhere)',
    networksHint:
      'Such as 192.0.2.0/24, 2001:db8::/32 or a single address. 64 at most. Good for beginning and going on.',
    tell: 'Tell the person',
    tellHint:
      'They get a notice in the application, and by mail where there is any. General administrators always get one.',
    wrong: {
      network: (line) => `“${line}” is neither a network nor an address.`,
      many: '64 networks at most.',
    },
  },
};
