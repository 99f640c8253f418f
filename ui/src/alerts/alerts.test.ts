import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import Reauthentication from '../../tests/Reauthentication.svelte';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { MonitoringSettings, OperatorView } from '../shell/port';
import Toaster from '../widgets/Toaster.svelte';
import { fr } from '../words/alerts.fr';
import { en } from '../words/alerts.en';
import { fr as words } from '../words/fr';
import Alerts from './Alerts.svelte';
import { asTyped, clockOf, fieldOf, minutesOf, readMonitoring, type Typed } from './monitoring';

async function show(
  more: Partial<OperatorView> = {},
  prepare: (port: FakePort) => void = () => undefined,
): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, ...more } }));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Toaster);
  render(Reauthentication, { app });
  render(Alerts, { app });
  return port;
}

const plain = (text: string | null): string => (text ?? '').replace(/[\u00a0\u202f]/g, ' ');
const superAdmin: Partial<OperatorView> = { is_super_admin: true };

async function retype(testid: string, text: string): Promise<void> {
  const input = await screen.findByTestId(testid);
  await userEvent.clear(input);
  if (text !== '') await userEvent.type(input, text);
}

describe('alerts', () => {
  it('are not for a cashier, in a sentence', async () => {
    const port = await show({ role: 'user' });
    expect(screen.getByTestId('alerts-forbidden')).toHaveTextContent(fr.forbidden);
    expect(port.calls).not.toContain('alerts');
    expect(port.calls).not.toContain('monitoringSettings');
  });

  it('are looked at anew as soon as the server tells of one', async () => {
    const port = await show();
    await screen.findByTestId('alerts-lasting');
    const asked = (): number => port.calls.filter((call) => call === 'alerts').length;
    const before = asked();
    const { changes } = port.current;
    port.change({ changes: { ...changes, alerts: changes.alerts + 1 } });
    await waitFor(() => expect(asked()).toBe(before + 1), { timeout: 1_000 });
  });

  it('say what is the matter, since when, how bad, and whether the mail went', async () => {
    await show();
    const lasting = within(await screen.findByTestId('alerts-lasting')).getAllByTestId('alert');
    expect(screen.getByTestId('alerts-state')).toHaveTextContent('1 alerte en cours');
    expect(lasting).toHaveLength(1);
    expect(lasting[0]).toHaveTextContent(fr.what.refresh_failures(19, 61, '', ''));
    expect(plain(lasting[0]!.textContent)).toContain('22 min');
    expect(lasting[0]).toHaveTextContent(fr.mail.sent);
    const past = within(screen.getByTestId('alerts-past')).getAllByTestId('alert');
    expect(past.map((each) => each.dataset['kind'])).toEqual([
      'login_failures_of_account',
      'login_failures_of_network',
      'no_refresh',
    ]);
    expect(past[0]).toHaveTextContent('amina');
    expect(plain(past[0]!.textContent)).toContain('au bout de 31 min');
    expect(past[1]).toHaveTextContent(fr.mail.failed);
    expect(plain(past[2]!.textContent)).toContain('1 h 35');
  });

  it('are calm where there is none', async () => {
    await show({}, (port) => (port.alerting.all = []));
    expect(await screen.findByTestId('alerts-none')).toHaveTextContent(fr.pastNone);
    expect(screen.getByTestId('alerts-state')).toHaveTextContent(fr.calm);
  });

  it('come in pages', async () => {
    await show({}, (port) => {
      const one = port.alerting.all.at(-1)!;
      port.alerting.all = Array.from({ length: 25 }, (_, index) => ({ ...one, id: `past-${index}` }));
    });
    expect(await screen.findAllByTestId('alert')).toHaveLength(20);
    await userEvent.click(screen.getByTestId('alerts-more'));
    await waitFor(() => expect(screen.getAllByTestId('alert')).toHaveLength(25));
    expect(screen.queryByTestId('alerts-more')).toBeNull();
  });

  it('say why they cannot be had, and come with a press', async () => {
    const port = await show({}, (each) => each.failures.set('alerts', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
    port.failures.delete('alerts');
    await userEvent.click(screen.getByTestId('page-retry'));
    expect(await screen.findAllByTestId('alert')).toHaveLength(4);
  });
});

describe('the settings of alerts', () => {
  it('are read, changed and kept whole', async () => {
    const port = await show();
    await retype('monitoring-refresh_failure_percent', '8');
    await retype('monitoring-login_failures_of_network', '');
    await retype('monitoring-recipients', 'nuit@laboucle.example');
    await retype('monitoring-webhook_url', 'https://alertes.example/vigie');
    await retype('monitoring-repeat_minutes', '60');
    await userEvent.click(screen.getByTestId('monitoring-language-english'));
    await userEvent.click(within(screen.getByTestId('day-1')).getByTestId('span-add'));
    await userEvent.click(screen.getByTestId('monitoring-save'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.common.saved);
    const { monitoring } = port.alerting;
    expect(monitoring).toMatchObject({
      refresh_failure_percent: 8,
      refresh_least: 20,
      recipients: ['nuit@laboucle.example'],
      webhook_url: 'https://alertes.example/vigie',
      repeat_minutes: 60,
      language: 'english',
      time_zone: 'Europe/Paris',
    });
    expect(monitoring.login_failures_of_network).toBeUndefined();
    expect(monitoring.opening_hours).toHaveLength(11);
    expect(monitoring.opening_hours![0]).toEqual({ weekday: 1, opens_minute: 540, closes_minute: 1_080 });
  });

  it('make a week by adding, copying and taking out', async () => {
    const port = await show();
    const day = (number: number): ReturnType<typeof within> => within(screen.getByTestId(`day-${number}`));
    await screen.findByTestId('week');
    expect(screen.getByTestId('day-7')).toHaveTextContent(fr.closed);
    await userEvent.click(day(7).getByTestId('span-copy'));
    expect(day(7).getAllByTestId('opens')).toHaveLength(2);
    await userEvent.click(day(7).getAllByTestId('span-remove')[0]!);
    await userEvent.clear(day(7).getByTestId('closes'));
    await userEvent.type(day(7).getByTestId('closes'), '24h');
    await userEvent.click(screen.getByTestId('monitoring-save'));
    await waitFor(() =>
      expect(port.alerting.monitoring.opening_hours!.at(-1)).toEqual({
        weekday: 7,
        opens_minute: 840,
        closes_minute: 1_440,
      }),
    );
    expect(day(6).getAllByTestId('opens')).toHaveLength(2);
  });

  it('say what is wrong at the field, and nothing is sent', async () => {
    const port = await show();
    await retype('monitoring-no_refresh_minutes', '4');
    await userEvent.click(screen.getByTestId('monitoring-save'));
    expect(screen.getByTestId('monitoring-problem')).toHaveTextContent(/^De 5 à 1.440\.$/);
    expect(document.activeElement).toBe(screen.getByTestId('monitoring-no_refresh_minutes'));
    expect(port.calls).not.toContain('putMonitoringSettings');
  });

  it('show the server’s verdict at the field it names, parts of the week too', async () => {
    await show({}, (port) =>
      port.failures.set(
        'putMonitoringSettings',
        problem('validation_failed', { subject: 'opening_hours[2].closes_minute' }),
      ),
    );
    await userEvent.click(await screen.findByTestId('monitoring-save'));
    expect(await screen.findByTestId('monitoring-problem')).toHaveTextContent(words.errors.validation_failed);
    expect(fieldOf('recipients[0]')).toBe('recipients');
    expect(fieldOf('display_name')).toBeNull();
    expect(fieldOf(null)).toBeNull();
  });

  it('are tried only as they are saved, and the answer is told', async () => {
    const port = await show();
    const mail = await screen.findByTestId('try-mail');
    expect(screen.getByTestId('try-webhook')).toHaveAttribute('aria-disabled', 'true');
    expect(screen.getByTestId('try-webhook-came')).toHaveTextContent(fr.tryNowhere);
    await userEvent.click(mail);
    await waitFor(() => expect(screen.getByTestId('try-mail-came')).toHaveTextContent(fr.mailSent));
    port.alerting.refuses = '550 no such user';
    await userEvent.click(mail);
    await waitFor(() =>
      expect(screen.getByTestId('try-mail-came')).toHaveTextContent(
        `${fr.failure.refused} ${fr.said('550 no such user')}`,
      ),
    );
    port.failures.set('testAlert', problem('rate_limited', { retry_after_seconds: 20 }));
    await userEvent.click(mail);
    await waitFor(() => expect(screen.getByTestId('try-mail-came')).toHaveTextContent(words.errors.rate_limited));
    const calls = port.calls.length;
    await retype('monitoring-refresh_least', '30');
    expect(screen.getByTestId('try-mail-came')).toHaveTextContent(fr.tryUnsaved);
    await userEvent.click(mail);
    expect(port.calls.length).toBe(calls);
  });

  const settings = new FakePort().alerting.monitoring;
  const week = (day: number, ...spans: [string, string][]): Typed['week'] =>
    Array.from({ length: 7 }, (_, index) => (index === day ? spans.map(([opens, closes]) => ({ opens, closes })) : []));

  it.each<[Partial<Typed>, keyof MonitoringSettings, string]>([
    [{ refresh_failure_percent: '0' }, 'refresh_failure_percent', fr.wrong.range('1', '100')],
    [{ refresh_failure_percent: 'cinq' }, 'refresh_failure_percent', fr.wrong.range('1', '100')],
    [{ refresh_least: '' }, 'refresh_least', fr.wrong.range('1', '100000')],
    [{ retention_days: '366' }, 'retention_days', fr.wrong.range('1', '365')],
    [{ repeat_minutes: '14' }, 'repeat_minutes', fr.wrong.range('15', '10080')],
    [{ time_zone: 'Europe/Rézé' }, 'time_zone', fr.wrong.zone],
    [{ time_zone: '' }, 'time_zone', fr.wrong.zone],
    [{ recipients: 'a@b.example\nc' }, 'recipients', fr.wrong.address('c')],
    [
      { recipients: Array.from({ length: 21 }, (_, at) => `a${at}@b.example`).join('\n') },
      'recipients',
      fr.wrong.addresses,
    ],
    [{ webhook_url: 'http://alertes.example' }, 'webhook_url', fr.wrong.url],
    [{ webhook_url: 'https://' }, 'webhook_url', fr.wrong.url],
    [{ week: week(2, ['9:60', '12']) }, 'opening_hours', fr.wrong.time],
    [{ week: week(2, ['12:00', '12:00']) }, 'opening_hours', fr.wrong.order],
    [{ week: week(2, ['14:00', '18:00'], ['09:00', '14:01']) }, 'opening_hours', fr.wrong.overlap],
    [{ week: week(0) }, 'opening_hours', fr.wrong.hours],
  ])('refuse %o at %s', (change, field, reason) => {
    expect(readMonitoring({ ...asTyped(settings), ...change }, fr.wrong, String)).toMatchObject({ field, reason });
  });

  it('come back from the fields as they went in', () => {
    expect(readMonitoring(asTyped(settings), en.wrong, String)).toEqual({ settings });
    expect(
      readMonitoring({ ...asTyped(settings), week: week(2, ['14', '18h'], ['9h00', '14']) }, fr.wrong, String),
    ).toMatchObject({
      settings: {
        opening_hours: [
          { weekday: 3, opens_minute: 540, closes_minute: 840 },
          { weekday: 3, opens_minute: 840, closes_minute: 1_080 },
        ],
      },
    });
  });

  it('read times as they are typed', () => {
    expect(['9', '9h', '9h30', '09:05', '24:00', '0.15'].map(minutesOf)).toEqual([540, 540, 570, 545, 1_440, 15]);
    expect(['', 'midi', '24:01', '12:60', '123', '-1'].map(minutesOf)).toEqual([null, null, null, null, null, null]);
    expect([0, 545, 1_440].map(clockOf)).toEqual(['00:00', '09:05', '24:00']);
  });
});

describe('the mail server', () => {
  it('is a super admin’s', async () => {
    const port = await show({ role: 'owner' });
    await screen.findByTestId('week');
    expect(screen.queryByTestId('mail-server')).toBeNull();
    expect(port.calls).not.toContain('mailSettings');
  });

  it('is changed after the password, and its own is never shown', async () => {
    const port = await show(superAdmin, (each) => (each.reauthenticated = false));
    const password = await screen.findByTestId('mail-password');
    expect(password).toHaveValue('');
    expect(password).toHaveAccessibleDescription(fr.server.passwordKept);
    await userEvent.click(screen.getByTestId('mail-security-tls'));
    expect(screen.getByTestId('mail-port')).toHaveValue('465');
    await userEvent.type(password, 'neuf-secret');
    await userEvent.click(screen.getByTestId('mail-save'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    await waitFor(() => expect(port.alerting.passwords).toEqual(['neuf-secret']));
    expect(port.alerting.mail).toMatchObject({ port: 465, security: 'tls', username: 'vigie', has_password: true });
    await waitFor(() => expect(screen.getByTestId('mail-password')).toHaveValue(''));
    await userEvent.click(screen.getByTestId('mail-save'));
    await waitFor(() => expect(port.calls.filter((call) => call === 'putMailSettings')).toHaveLength(3));
    expect(port.alerting.passwords).toHaveLength(1);
  });

  it.each([
    ['host', 'smtp exemple', fr.wrong.host],
    ['port', '0', fr.wrong.port],
    ['port', '65536', fr.wrong.port],
    ['from', 'Vigie', fr.wrong.from],
  ])('says what is wrong at %s: %s', async (field, text, reason) => {
    const port = await show(superAdmin);
    await retype(`mail-${field}`, text);
    await userEvent.click(screen.getByTestId('mail-save'));
    expect(screen.getByTestId('mail-problem')).toHaveTextContent(reason);
    expect(port.calls).not.toContain('putMailSettings');
  });

  it('that the configuration names is shown and not changed', async () => {
    await show(superAdmin, (port) => (port.alerting.mail.is_fixed = true));
    expect(await screen.findByTestId('mail-fixed')).toHaveTextContent(fr.server.fixed);
    expect(screen.getByTestId('mail-host')).toBeDisabled();
    expect(screen.getByTestId('mail-password')).toBeDisabled();
    expect(screen.queryByTestId('mail-save')).toBeNull();
  });
});
