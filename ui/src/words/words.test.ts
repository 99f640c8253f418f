import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Words } from './fr';
import { en } from './en';
import { fr } from './fr';
import { en as officeEn } from './office.en';
import { fr as officeFr, type OfficeWords } from './office.fr';
import { en as alertsEn } from './alerts.en';
import { fr as alertsFr, type AlertWords } from './alerts.fr';
import { en as auditEn } from './audit.en';
import { fr as auditFr, type AuditWords } from './audit.fr';
import { en as dayEn } from './day.en';
import { fr as dayFr } from './day.fr';
import { en as impersonationEn } from './impersonation.en';
import { fr as impersonationFr, type ImpersonationWords } from './impersonation.fr';
import { en as insightEn } from './insight.en';
import { fr as insightFr, type InsightWords } from './insight.fr';
import { en as parkedEn } from './parked.en';
import { fr as parkedFr } from './parked.fr';
import * as format from './format';

const bindings = readFileSync('src/shell/bindings.ts', 'utf8');

/** The members of a union of texts, as the generated bindings spell it. */
function members(union: string): string[] {
  const body = new RegExp(`export type ${union} =([^;]*);`).exec(bindings.replace(/\/\*\*.*?\*\//gs, ''))?.[1] ?? '';
  return [...body.matchAll(/"([a-z_]+)"/g)].map((match) => match[1]!);
}

type Leaf = [string, string];
const samples = ['3', 3, '3', '3'];

function leaves(node: unknown, path: string): Leaf[] {
  if (typeof node === 'string') return [[path, node]];
  if (typeof node === 'function')
    return [
      [
        path,
        String(
          node(
            ...(path.endsWith('spoken') ||
            /(waiting|refused|lines|confirm|revokedOthers|seconds|minutes|hours|serverLocked|unsent|more|figures|ended|sessions|people|closes|archiveSite|days|rejected|values|active)/.test(
              path,
            )
              ? [3, 3, 3, 3]
              : samples),
          ),
        ),
      ],
    ];
  return Object.entries(node as object).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`));
}

const alerts: Record<'French' | 'English', AlertWords> = { French: alertsFr, English: alertsEn };
const audit: Record<'French' | 'English', AuditWords> = { French: auditFr, English: auditEn };
const impersonation: Record<'French' | 'English', ImpersonationWords> = {
  French: impersonationFr,
  English: impersonationEn,
};
const insight: Record<'French' | 'English', InsightWords> = { French: insightFr, English: insightEn };
const office: Record<'French' | 'English', OfficeWords> = { French: officeFr, English: officeEn };
const all = {
  French: {
    ...fr,
    office: officeFr,
    insight: insightFr,
    alerts: alertsFr,
    audit: auditFr,
    day: dayFr,
    impersonation: impersonationFr,
    parked: parkedFr,
  },
  English: {
    ...en,
    office: officeEn,
    insight: insightEn,
    alerts: alertsEn,
    audit: auditEn,
    day: dayEn,
    impersonation: impersonationEn,
    parked: parkedEn,
  },
};

describe.each([
  ['French', fr],
  ['English', en],
] as [keyof typeof office, Words][])('the words in %s', (name, words) => {
  it('know every error the shell can give', () => {
    const codes = members('UiErrorCode');
    expect(codes.length).toBeGreaterThan(25);
    for (const code of codes) expect(words.errors[code as keyof typeof words.errors], code).toMatch(/\w{3,}.*\.$/);
  });

  it('know every reason for an end, trouble, keychain fault, fault of configuration and outcome', () => {
    const tables = {
      EndReason: words.banner.ended,
      Trouble: words.banner.serverDown,
      VaultFault: words.banner.keychain,
      Fault: words.banner.misconfigured,
      RetryOutcome: words.banner.retried,
      PaymentMethod: words.pay.method,
      DeviceKind: office[name].settings.kinds,
      Theme: office[name].settings.themes,
      OrganizationRole: office[name].roles,
      NoticeKind: office[name].notices.kind,
      SessionEndReason: insight[name].end,
      RefreshFailure: insight[name].refresh,
      LoginFailure: insight[name].login,
      ErrorsBy: insight[name].errors.by,
      AlertKind: alerts[name].what,
      AlertLanguage: alerts[name].languages,
      MailProtection: alerts[name].server.protection,
      Telling: alerts[name].mail,
      AlertTestFailure: alerts[name].failure,
      ImpersonationEnd: impersonation[name].over.why,
      AuditGroup: audit[name].groups,
      AuditResult: audit[name].results,
      AuditFormat: audit[name].exports,
    };
    for (const [union, table] of Object.entries(tables)) {
      const known = members(union);
      expect(known.length, union).toBeGreaterThan(1);
      expect(Object.keys(table).sort(), union).toEqual(known.sort());
      expect(new Set(Object.values(table)).size, `${union}: one sentence each`).toBeGreaterThanOrEqual(
        known.length - 1,
      );
    }
  });
});

describe.each([
  ['French', all.French],
  ['English', all.English],
])('all words in %s', (_name, words) => {
  it('never show an operator a code, a status or the word error', () => {
    for (const [path, text] of leaves(words, '')) {
      expect(text.trim(), path).not.toBe('');
      expect(text, path).not.toMatch(/\b(erreur|error|exception|HTTP \d|40\d|50\d|undefined|null|NaN)\b/i);
      expect(text, path).not.toMatch(/[a-z]_[a-z]/);
    }
  });
});

it('English says everything that French says, in other words', () => {
  const [french, english] = [leaves(all.French, ''), leaves(all.English, '')];
  expect(english.map(([path]) => path)).toEqual(french.map(([path]) => path));
  const same = french.filter(([path, text], index) => english[index]?.[1] === text && /[a-z]{4}/i.test(text) && path);
  expect(same.map(([path]) => path)).toEqual(
    [
      'app.name',
      'banner.save',
      'nav.tickets',
      'nav.sessions',
      'till.ticket',
      'till.total',
      'till.note',
      'office.sessions.fact.organization',
      'office.sessions.fact.application',
      'office.sessions.fact.bound',
      'office.tickets.title',
      'office.settings.keyboards.azerty',
      'office.settings.keyboards.qwerty',
      'office.about.version',
      'office.administration.title',
      'office.administration.tabs.sessions',
      'office.administration.tabs.organizations',
      'office.administration.organization',
      'office.administration.site',
      'office.administration.actions',
      'office.live.active',
      'office.live.columns.application',
      'office.people.columns.site',
      'office.organizationList.figures',
      'insight.errors.key.site',
      'alerts.server.protection.starttls.0',
      'audit.filters.organization',
      'audit.facts.organization',
      'audit.kinds.session',
      'audit.kinds.organization',
      'audit.kinds.site',
      'audit.fields.site',
      'audit.fields.site_id',
      'audit.fields.sessions',
      'audit.fields.webhook_url',
      'audit.fields.port',
      'audit.fields.security',
      'audit.values.what.webhook',
      'impersonation.board.organization',
      'impersonation.settings.title',
    ].filter((path) => same.some(([each]) => each === path)),
  );
});

describe('figures', () => {
  const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

  it('writes money, weights and times as each language does', () => {
    expect(plain(format.money(1250, 'fr'))).toBe('12,50 €');
    expect(plain(format.money(123456, 'fr'))).toBe('1 234,56 €');
    expect(plain(format.money(1250, 'en'))).toBe('€12.50');
    expect(plain(format.wholeMoney(2000, 'fr'))).toBe('20 €');
    expect(plain(format.weight(1250, 'fr'))).toBe('1,250 kg');
    expect(plain(format.weight(1250, 'en'))).toBe('1.250 kg');
    const half = new Date(2026, 2, 3, 14, 32).getTime();
    expect(format.time(half, 'fr')).toBe('14:32');
    expect(format.time(half, 'en')).toBe('14:32');
  });

  it('says today by the hour, and another day by its date', () => {
    const now = new Date(2026, 2, 3, 18, 0).getTime();
    expect(format.when(new Date(2026, 2, 3, 14, 32).getTime(), now, 'fr', fr)).toBe('à 14:32');
    expect(format.when(new Date(2026, 2, 1, 9, 5).getTime(), now, 'fr', fr)).toBe('le 1er mars à 09:05');
    expect(format.moment(new Date(2026, 0, 20, 9, 5).getTime(), now, 'fr')).toBe('20 janv., 09:05');
    expect(format.when(new Date(2025, 11, 24, 9, 5).getTime(), now, 'en', en)).toBe('on 24 December 2025 at 09:05');
  });

  it('counts durations down to the second and never below zero', () => {
    expect(format.duration(20, fr)).toBe('20 s');
    expect(format.duration(120, fr)).toBe('2 min');
    expect(format.duration(250, fr)).toBe('4 min 10 s');
    expect(format.duration(3_900, fr)).toBe('1 h 05');
    expect(format.secondsLeft(1_000, 1_001)).toBe(0);
    expect(format.secondsLeft(1_001, 1_000)).toBe(1);
    expect(format.stopwatch(134)).toBe('2:14');
    expect(format.stopwatch(3_734)).toBe('1:02:14');
  });
});
