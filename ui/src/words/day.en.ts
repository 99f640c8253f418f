// The words of the till's day, in English.

import type { DayWords } from './day.fr';

export const en: DayWords = {
  title: 'The till’s day',
  intro: 'The till opens with a counted float and closes with a count.',
  offline: 'The server is out of reach. The till opens and closes as soon as it answers; selling goes on.',
  unsent: (count) =>
    `${count === 1 ? 'A ticket is' : `${count} tickets are`} still to be sent. The till closes as soon as all have left.`,

  which: 'Which till is this device?',
  whichHint: 'The choice stays on this device. Sales then belong to the day of that till.',
  none: 'This organisation has no till yet. An administrator adds one under Manage, Sites and tills.',
  change: 'Change till',
  keep: 'Keep this till',
  chosen: (till) => `This device is ${till}.`,
  current: 'This device',
  closed: 'Closed',
  openSince: (when, name) => `Opened ${when} by ${name}`,

  openTitle: 'Open the day',
  openHint: 'Count the money in the drawer before the first sale.',
  float: 'Float',
  openYes: (amount) => `Open with ${amount}`,
  openNo: 'Open the day',
  opening: 'Opening…',
  opened: (till, amount) => `${till} is open with ${amount}.`,

  facts: 'The day',
  state: 'State',
  isOpen: 'Open',
  isClosed: 'Closed',
  openedAt: 'Opened',
  closedAt: 'Closed',
  by: (when, name) => `${when} by ${name}`,
  expected: 'Expected in the drawer',
  expectedHint: 'The float and the cash sales that have reached the server.',
  counted: 'Counted',
  variance: 'Variance',
  comment: 'Comment',

  closeStart: 'Count and close',
  closeTitle: 'Close the day',
  closeHint: 'Count all the money in the drawer, the float included.',
  count: 'Amount counted',
  exact: 'The count is right.',
  missing: (amount) => `${amount} is missing.`,
  over: (amount) => `There is ${amount} too much.`,
  commentWanted: 'Say in a word where the variance comes from.',
  commentOptional: 'Comment (optional)',
  closeYes: 'Close the day',
  closing: 'Closing…',
  closedDone: (till) => `${till} is closed.`,
  next: 'Continue',

  amountMissing: 'Enter the amount counted.',
  amountWrong: 'This amount cannot be read.',
  amountHigh: (amount) => `That is more than ${amount}.`,
  moved: 'A sale arrived meanwhile: check the variance.',

  past: 'Past days',
  pastHint: 'All tills, the newest first.',
  pastNone: 'No day has been opened yet.',
  allTills: 'All tills',
  till: 'Till',
  more: 'Show more',
  noComment: 'No comment',
};
