// What the log is narrowed to, as it stands on the screen and as it is asked.

import type { AuditGroup, AuditQuery, AuditResult } from '../shell/port';
import { groupOfAction } from './actions';

/** Somebody or something that is filtered on, by an id and with a name. */
export interface Named {
  user_id: string;
  display_name: string;
}

export interface Filters {
  group: AuditGroup | null;
  action: string;
  actor: Named | null;
  impersonated: Named | null;
  /** Its `user_id` is the target as the log has it, as in `site:0190…`. */
  target: Named | null;
  session_id: string | null;
  result: AuditResult | '';
  /** A day as it is typed, by this device's calendar. */
  from: string;
  to: string;
  organization_id: string;
}

export const none: Filters = {
  group: null,
  action: '',
  actor: null,
  impersonated: null,
  target: null,
  session_id: null,
  result: '',
  from: '',
  to: '',
  organization_id: '',
};

export const isNarrowed = (filters: Filters): boolean =>
  Object.values(filters).some((value) => value !== null && value !== '');

/** A group's deeds alone can be picked with it. */
export const withGroup = (filters: Filters, group: AuditGroup | null): Filters => ({
  ...filters,
  group,
  action: group === null || groupOfAction(filters.action) === group ? filters.action : '',
});

/** The year, month and date of `29/03/2026`, `29.3.2026` or `2026-03-29`. */
function partsOf(day: string): [number, number, number] | null {
  const text = day.trim();
  const [, year, month, date] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text) ?? [];
  const [, date_, month_, year_] = /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/.exec(text) ?? [];
  const parts = [year ?? year_, month ?? month_, date ?? date_].map(Number);
  return parts.some(Number.isNaN) ? null : (parts as [number, number, number]);
}

/** The first moment of a day of this device's calendar, or of one some days later; `null` for what is no day. */
export function dayBegins(day: string, later = 0): Date | null {
  const parts = partsOf(day);
  if (parts === null) return null;
  const [year, month, date] = parts;
  const at = new Date(year, month - 1, date);
  if (at.getFullYear() !== year || at.getMonth() !== month - 1 || at.getDate() !== date) return null;
  at.setDate(date + later);
  return at;
}

/** What stands in the way of asking. */
export type DayFault = 'from' | 'to' | 'order';

export function dayFault({ from, to }: Pick<Filters, 'from' | 'to'>): DayFault | null {
  const [first, last] = [dayBegins(from), dayBegins(to)];
  if (from.trim() !== '' && first === null) return 'from';
  if (to.trim() !== '' && last === null) return 'to';
  return first && last && first > last ? 'order' : null;
}

export function queryOf(filters: Filters): AuditQuery {
  return {
    group: filters.group,
    action: filters.action || null,
    actor_user_id: filters.actor?.user_id ?? null,
    impersonated_user_id: filters.impersonated?.user_id ?? null,
    session_id: filters.session_id,
    target: filters.target?.user_id ?? null,
    result: filters.result || null,
    from: dayBegins(filters.from)?.toISOString() ?? null,
    to: dayBegins(filters.to, 1)?.toISOString() ?? null,
    organization_id: filters.organization_id || null,
  };
}
