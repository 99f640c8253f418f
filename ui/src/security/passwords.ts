// What a new password must be, as far as it can be said before the server has looked at it.

import type { OfficeWords } from '../words/office.fr';

const SHORTEST_CHARS = 8;
const LONGEST_BYTES = 1024;

export type PasswordPart = 'current' | 'fresh' | 'again';

/** The part to mend and why; nothing where it may be sent. */
export function passwordFault(
  typed: Record<PasswordPart, string>,
  words: OfficeWords['password'],
  missing: string,
): { part: PasswordPart; words: string } | null {
  if (typed.current === '') return { part: 'current', words: missing };
  if ([...typed.fresh].length < SHORTEST_CHARS) return { part: 'fresh', words: words.short };
  if (new TextEncoder().encode(typed.fresh).length > LONGEST_BYTES) return { part: 'fresh', words: words.long };
  if (typed.fresh === typed.current) return { part: 'fresh', words: words.same };
  if (typed.again !== typed.fresh) return { part: 'again', words: words.different };
  return null;
}
