// Reasons as the server names them, in words.

import type { LoginFailure, RefreshFailure } from '../shell/port';
import type { InsightWords } from '../words/insight.fr';

/** A reason of either kind; those that both know are told as a refresh's. */
export function reasonWords(reason: string, words: InsightWords): string {
  const refresh: Partial<Record<string, string>> = words.refresh satisfies Record<RefreshFailure, string>;
  const login: Partial<Record<string, string>> = words.login satisfies Record<LoginFailure, string>;
  return refresh[reason] ?? login[reason] ?? words.unknownReason;
}
