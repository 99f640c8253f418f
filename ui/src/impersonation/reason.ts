// The reason for an impersonation, as the server takes it.

export const REASON_LEAST_CHARS = 10;
export const REASON_MOST_CHARS = 500;

/** What is sent: no blanks around it, and of the signs that are not text only the new line. */
export const plainReason = (typed: string): string =>
  typed
    .replace(/\r\n?/g, '\n')
    .replace(/(?!\n)\p{Cc}/gu, ' ')
    .trim();

export const charsOf = (reason: string): number => [...reason].length;

/** How many characters are missing or too many; `null` where it fits. */
export function reasonFault(reason: string): { kind: 'short' | 'long'; chars: number } | null {
  const chars = charsOf(reason);
  if (chars < REASON_LEAST_CHARS) return { kind: 'short', chars: REASON_LEAST_CHARS - chars };
  return chars > REASON_MOST_CHARS ? { kind: 'long', chars: chars - REASON_MOST_CHARS } : null;
}
