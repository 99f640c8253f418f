// Alerts, their settings and the mail server of the shell in memory.

import type { Alert, AlertList, MailSettings, MonitoringSettings, NewMailSettings } from './port';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PAGE = 20;

export class FakeAlerts {
  monitoring: MonitoringSettings = {
    retention_days: 30,
    refresh_failure_percent: 5,
    refresh_least: 20,
    login_failures_of_account: 10,
    login_failures_of_network: 50,
    no_refresh_minutes: 45,
    opening_hours: [2, 3, 4, 5, 6].flatMap((weekday) => [
      { weekday, opens_minute: 9 * 60 + 30, closes_minute: 12 * 60 + 30 },
      { weekday, opens_minute: 14 * 60, closes_minute: 18 * 60 },
    ]),
    time_zone: 'Europe/Paris',
    recipients: ['astreinte@laboucle.example', 'camille@laboucle.example'],
    language: 'french',
  };
  mail: MailSettings = {
    host: 'smtp.laboucle.example',
    port: 587,
    security: 'starttls',
    from: 'Vigie <vigie@laboucle.example>',
    to: null,
    username: 'vigie',
    has_password: true,
    is_fixed: false,
  };
  /** What the other end of a try says; null where it takes it. */
  refuses: string | null = null;
  /** The passwords that were given. */
  passwords: string[] = [];
  all: Alert[];

  constructor(now: number) {
    const iso = (ms: number): string => new Date(ms).toISOString();
    this.all = [
      {
        id: 'alert-1',
        kind: 'refresh_failures',
        began_at: iso(now - 22 * MINUTE_MS),
        worst_count: 19,
        worst_of: 61,
        mail: 'sent',
        webhook: 'not_set_up',
      },
      {
        id: 'alert-2',
        kind: 'login_failures_of_account',
        subject: 'amina',
        began_at: iso(now - 26 * HOUR_MS),
        ended_at: iso(now - 26 * HOUR_MS + 31 * MINUTE_MS),
        worst_count: 14,
        mail: 'sent',
        webhook: 'sent',
      },
      {
        id: 'alert-3',
        kind: 'login_failures_of_network',
        subject: '92.184.100.0/24',
        began_at: iso(now - 75 * HOUR_MS),
        ended_at: iso(now - 75 * HOUR_MS + 18 * MINUTE_MS),
        worst_count: 212,
        mail: 'failed',
        webhook: 'not_set_up',
      },
      {
        id: 'alert-4',
        kind: 'no_refresh',
        began_at: iso(now - 122 * HOUR_MS),
        ended_at: iso(now - 122 * HOUR_MS + 64 * MINUTE_MS),
        worst_count: 95,
        mail: 'sent',
        webhook: 'not_set_up',
      },
    ];
  }

  page(after: string | null): AlertList {
    const from = Number(after ?? 0);
    return {
      alerts: this.all.slice(from, from + PAGE),
      next: from + PAGE < this.all.length ? String(from + PAGE) : null,
    };
  }

  putMail({ password, ...settings }: NewMailSettings): MailSettings {
    if (password !== null) this.passwords.push(password);
    this.mail = {
      ...settings,
      has_password: settings.username !== null && (password !== null || (this.mail.has_password ?? false)),
      is_fixed: false,
    };
    return this.mail;
  }
}
