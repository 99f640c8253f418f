// A security notice in words.

import { addressWords } from '../sessions/address';
import type { SecurityNotice } from '../shell/port';
import type { OfficeWords } from '../words/office.fr';

/** What happened, where, and when. */
export function noticeWords(
  notice: SecurityNotice,
  words: OfficeWords['notices'],
  when: (ms: number) => string,
): string {
  const device = notice.device_name ?? notice.application ?? words.unknownDevice;
  const address = notice.ip_address ? addressWords(notice.ip_address) : words.unknownAddress;
  return words.kind[notice.kind](device, address, when(notice.at_ms));
}

/** Whether somebody else may have done it: then there is something to do about it. */
export const mayBeSomebodyElse = (notice: SecurityNotice): boolean =>
  !['device_limit', 'impersonated', 'impersonation_started'].includes(notice.kind);
