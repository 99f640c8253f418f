// What a ticket is called while it is parked, unless somebody gives it another name.

import type { TicketDraft } from '../shell/port';

export const NAME_MOST_CHARACTERS = 60;

/** The time and the first category, as in `14:32 · Livres`. */
export function usualName(draft: TicketDraft, time: string): string {
  const first = draft.lines[0]?.category_name ?? '';
  return [...[time, first].filter(Boolean).join(' · ')].slice(0, NAME_MOST_CHARACTERS).join('').trim();
}
