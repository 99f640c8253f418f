// A line of the log in words: who, to what, and each particular by its name.

import type { AuditPerson, AuditRecord } from '../shell/port';
import { alerts } from '../words/alerts';
import { audit } from '../words/audit';
import { insight } from '../words/insight';
import { locale } from '../words/locale.svelte';
import { office } from '../words/office';
import { isKnown } from './actions';

const has = <T extends object>(table: T, key: string): key is string & keyof T => Object.hasOwn(table, key);

export const actionWords = (action: string): string => (isKnown(action) ? audit.w.actions[action] : action);

export const personWords = (person: AuditPerson): string => person.username ?? audit.w.gone;

/** Who did it, both names where one looked through the other's eyes. */
export function whoWords({ actor, impersonated, detail, user_agent }: AuditRecord): string {
  if (actor === null) {
    const byProgram = 'by' in detail || user_agent.startsWith('vigie-server');
    return byProgram ? audit.w.program : audit.w.nobody;
  }
  return impersonated ? audit.w.as(personWords(actor), personWords(impersonated)) : personWords(actor);
}

/** What a target is, without its id. */
export function kindWords(target: string): string {
  const kind = target.split(':', 1)[0] ?? target;
  return has(audit.w.kinds, kind) ? audit.w.kinds[kind] : kind;
}

/** The id alone. */
export const idOf = (target: string): string => target.slice(target.indexOf(':') + 1);

const SHORT = 8;
/** The end of an id tells two apart; its beginning is the time and much the same. */
export const shortId = (id: string): string => (id.length > SHORT + 1 ? `…${id.slice(-SHORT)}` : id);

export const targetWords = ({ target, target_name }: Pick<AuditRecord, 'target' | 'target_name'>): string =>
  target_name ?? (target === null ? '–' : shortId(idOf(target)));

export const fieldWords = (field: string): string => (has(audit.w.fields, field) ? audit.w.fields[field] : field);

/** What somebody typed is shown as it was typed. */
const typed = new Set(['name', 'display_name', 'username', 'slug', 'device_name']);

interface Hours {
  weekday: number;
  opens_minute: number;
  closes_minute: number;
}

const clock = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');

/** The parts of a list, each in words; `null` for what is no list. */
function listWords(field: string, value: string): string | null {
  if (!value.startsWith('[')) return null;
  try {
    const parts: unknown = JSON.parse(value);
    if (!Array.isArray(parts)) return null;
    if (parts.length === 0) return '–';
    if (field === 'opening_hours')
      return (parts as Hours[])
        .map(({ weekday, opens_minute, closes_minute }) => {
          const day = alerts.w.days[weekday - 1] ?? String(weekday);
          return `${day} ${clock(opens_minute)}–${clock(closes_minute)}`;
        })
        .join(', ');
    return parts.every((part) => typeof part === 'string') ? parts.join(', ') : null;
  } catch {
    return null;
  }
}

/** What stands in a field, in words where it is a word of the house. */
export function valueWords(field: string, value: string | undefined): string {
  if (value === undefined || value === '') return '–';
  if (typed.has(field)) return value;
  if (value === 'null') return '–';
  if (value === 'true') return audit.w.yes;
  if (value === 'false') return audit.w.no;
  const list = listWords(field, value);
  if (list !== null) return list;
  if (field === 'sealed_before' && !Number.isNaN(Date.parse(value))) return exactly(value);
  if (field.endsWith('_cents') && /^-?\d+$/.test(value)) return locale.money(Number(value));
  const tables: Record<string, Record<string, string>> = {
    ...audit.w.values,
    role: office.w.roles,
    device_kind: office.w.sessions.kind,
    reason: insight.w.login,
    failure: alerts.w.failure,
  };
  const table = has(tables, field) ? tables[field] : undefined;
  return table && has(table, value) ? table[value]! : value;
}

interface FieldChange {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

/** The fields that a deed changed, each with what stood there before and what stands there now. */
export const changesOf = ({ before, after }: Pick<AuditRecord, 'before' | 'after'>): FieldChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].map((field) => ({
    field,
    before: before[field],
    after: after[field],
  }));

const exact: Record<string, Intl.DateTimeFormat> = {};
/** The moment to the second, with its time zone. */
export function exactly(at: string): string {
  const tag = locale.language === 'en' ? 'en-GB' : 'fr-FR';
  exact[tag] ??= new Intl.DateTimeFormat(tag, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
  return exact[tag].format(Date.parse(at));
}
