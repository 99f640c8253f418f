// Where a session was last used, in words: a server inside the app has no address to give.

import { office } from '../words/office';

const INSIDE_THE_APP = 'local';

export const addressWords = (address: string): string =>
  address === INSIDE_THE_APP ? office.w.sessions.local : address;
