// Parked tickets and the review of refused ones, in English.

import type { ParkedWords } from './parked.fr';

const many = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`;

export const en: ParkedWords = {
  title: 'Parked',
  park: 'Park',
  name: 'Name of the ticket',
  nameHint: 'A name, an object: whatever helps to find it again. Nobody else sees it.',
  done: (name) => `“${name}” is parked.`,
  none: 'No ticket is parked.',
  hint: 'They wait for you here, also after a restart. Nobody else sees them.',
  lines: (count) => many(count, 'line', 'lines'),
  since: (when) => `parked ${when}`,
  mends: 'mends a refused ticket',
  sealed: 'Sealed ticket',
  sealedHint: 'It cannot be opened for now. It stays here; tell a manager if this lasts.',
  take: 'Take up',
  takeOne: (name) => `Take up “${name}”`,
  taken: (name) => `“${name}” is in hand again.`,
  takenFor: (name, aside) => `“${name}” is in hand again; “${aside}” is parked.`,
  discard: 'Discard',
  discardOne: (name) => `Discard “${name}”`,
  discardTitle: 'Discard this ticket?',
  discardEffect: (name, amount) => `“${name}”, ${amount}, leaves this device. Nothing of it will have been sold.`,
  discarded: (name) => `“${name}” is discarded.`,
  review: {
    open: 'Open',
    openOne: (reference) => `Open the refused ticket ${reference}`,
    title: 'Refused ticket',
    why: 'Why',
    lines: 'Lines',
    payments: 'Payments',
    noPayment: 'No payment: the total is €0.',
    goods: 'Goods whose name is not known any more',
    mend: 'Mend',
    mendHint:
      'Its lines and payments come back to the till. It stays on this list until the mended ticket has been paid for.',
    mendAside: 'The open ticket will be parked.',
    goOn: 'Go on mending',
    goOnHint: 'A ticket that mends this one is open or parked.',
    mended: 'The refused ticket is back at the till. Mend it, then take the payment.',
  },
};
