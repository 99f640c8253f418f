// Every screen and every dialog, looked at by axe. Colours are `tokens.test.ts`'s part.

import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import Window from '../src/App.svelte';
import { App } from '../src/session/app.svelte';
import { fakeCategories, FakePort, problem, view } from '../src/shell/fake';
import type { AppView, SessionView } from '../src/shell/port';
import { deliver } from '../src/scanning/takers';

async function show(more: Partial<AppView> = {}, session: Partial<SessionView> = {}): Promise<FakePort> {
  const port = new FakePort(view(more, session));
  port.waiting = [
    { id: '0190aaaa', total_cents: 1_250, finished_at_ms: Date.now(), refused: null },
    { id: '0190bbbb', total_cents: 700, finished_at_ms: Date.now(), refused: problem('validation_failed') },
  ];
  port.draft = {
    id: '01900000-0000-7000-8000-000000000999',
    lines: [
      {
        id: 'l1',
        category_id: fakeCategories[0]!.id,
        category_name: 'Livres',
        quantity: 3,
        weight_grams: 250,
        unit_price_cents: 100,
      },
    ],
    payments: [{ method: 'cheque', amount_cents: 100 }],
    note: 'fêlé',
    tendered_cents: null,
    place: { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null },
  };
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await tick();
  return port;
}

async function violations(): Promise<string[]> {
  const result = await axe.run(document.body, {
    rules: { 'color-contrast': { enabled: false } },
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return result.violations.map(
    (each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 120)).join(' ¦ ')}`,
  );
}

const lost: Partial<SessionView> = {
  banner: { kind: 'offline' },
  severity: 'warning',
  connection: { kind: 'lost', trouble: 'offline' },
  next_attempt_ms: Date.now() + 20_000,
};

describe('axe finds nothing', () => {
  it('in the sign-in screen, with its server open and a refusal', async () => {
    const port = await show({ operator: null }, { phase: 'signed_out' });
    port.failures.set('signIn', problem('invalid_credentials'));
    await userEvent.click(screen.getByTestId('server-open'));
    await userEvent.keyboard('{Tab}');
    await userEvent.type(screen.getByTestId('signin-username'), 'camille');
    await userEvent.type(screen.getByTestId('signin-password'), 'x{Enter}');
    await screen.findByTestId('signin-error');
    expect(await violations()).toEqual([]);
  });

  it('in the keyboard on the screen, on the sign-in screen and in a dialog', async () => {
    const { settings } = view();
    const port = await show(
      { operator: null, settings: { ...settings, screen_keyboard: 'azerty' } },
      { phase: 'signed_out' },
    );
    await screen.findByTestId('screen-keyboard');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('screen-layer'));
    expect(await violations()).toEqual([]);
    port.change({ operator: view().operator }, { phase: 'ended', banner: { kind: 'ended', reason: 'revoked' } });
    await userEvent.click(await screen.findByTestId('relogin-password'));
    expect(screen.getByTestId('screen-keyboard').closest('dialog')).not.toBeNull();
    expect(await violations()).toEqual([]);
  });

  it('in the assigning of an unknown barcode', async () => {
    await show({ operator: { ...view().operator!, role: 'admin' } });
    await screen.findByTestId('category-0');
    expect(deliver({ code: '4006381333931', secret: false, putBack: null })).toBe(true);
    await userEvent.click(await screen.findByTestId('toast-undo'));
    await screen.findByTestId('give-barcode');
    expect(await violations()).toEqual([]);
  });

  it('while the app starts', async () => {
    await show({}, { phase: 'starting' });
    expect(await violations()).toEqual([]);
  });

  it.each(['till', 'tickets', 'day', 'sessions', 'administration', 'settings', 'about'])(
    'in the screen "%s", online and under a banner',
    async (name) => {
      const port = await show({
        work: { waiting: 1, refused: 1, parked: 0, saved_at_ms: null, fault: problem('disk_full') },
      });
      await screen.findByTestId('line-0');
      await userEvent.click(screen.getByTestId(`nav-${name}`));
      const landmark = {
        till: 'category-0',
        tickets: 'ticket-waiting',
        day: 'till-pick',
        sessions: 'session-revoke',
        administration: 'live-row',
        settings: 'settings-device-name',
        about: 'about-version',
      }[name]!;
      await screen.findAllByTestId(landmark);
      expect(await violations()).toEqual([]);
      port.change({ fault: problem('certificate_refused') }, lost);
      await tick();
      expect(await violations()).toEqual([]);
    },
  );

  it('in the sheets of the till', async () => {
    await show();
    await userEvent.click(await screen.findByTestId('line-0'));
    await screen.findByTestId('line-sheet');
    expect(await violations()).toEqual([]);
    await userEvent.keyboard('{F2}');
    await screen.findByTestId('pay-sheet');
    expect(await violations()).toEqual([]);
  });

  it('in the list of organisations, free and held back', async () => {
    const port = await show({ operator: { ...view().operator!, organizations: 3 } });
    await userEvent.click(await screen.findByTestId('organization'));
    await screen.findAllByTestId('organization-item');
    expect(await violations()).toEqual([]);
    port.change({ work: { ...port.current.work, waiting: 2 } });
    await screen.findByTestId('organization-why');
    expect(await violations()).toEqual([]);
  });

  it('in security notices, the password again, and changing the password', async () => {
    const port = await show({
      notices: [
        { id: 'n1', kind: 'new_device', at_ms: 1, device_name: null, ip_address: null, application: null },
        { id: 'n2', kind: 'proof_refused', at_ms: 1, device_name: 'x', ip_address: '::1', application: null },
      ],
    });
    port.reauthenticated = false;
    await userEvent.click(await screen.findByTestId('notice-show'));
    await userEvent.click((await screen.findAllByTestId('session-revoke'))[0]!);
    await screen.findByTestId('reauthenticate-dialog');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('reauthenticate-cancel'));
    port.change({ operator: { ...port.current.operator!, must_change_password: true } });
    await userEvent.click(await screen.findByTestId('password-submit'));
    await screen.findByTestId('password-error');
    expect(await violations()).toEqual([]);
  });

  it.each(['people', 'places', 'categories', 'organizations', 'lifetimes'])(
    'in the administration of %s',
    async (tab) => {
      await show({ operator: { ...view().operator!, role: 'owner', is_super_admin: true } });
      await userEvent.click(await screen.findByTestId('nav-administration'));
      await userEvent.click(await screen.findByTestId(`tab-${tab}`));
      const landmark = {
        people: 'person-row',
        places: 'till',
        categories: 'category-row',
        organizations: 'organization-row',
        lifetimes: 'timeline',
      };
      await screen.findAllByTestId(landmark[tab as keyof typeof landmark]);
      expect(await violations()).toEqual([]);
    },
  );

  it.each(['fr', 'en'] as const)('in the figures on sessions, in every state, in "%s"', async (language) => {
    const port = await show({ settings: { ...view().settings, language } });
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-insight'));
    await screen.findAllByTestId('device-row');
    await screen.findAllByTestId('error-row');
    expect(await violations()).toEqual([]);
    port.insight.quiet = true;
    await userEvent.click(screen.getByTestId('range-24h'));
    await screen.findByTestId('devices-none');
    expect(await violations()).toEqual([]);
    for (const call of ['sessionMetrics', 'topErrors', 'sufferingDevices'] as const)
      port.failures.set(call, problem('offline'));
    await userEvent.click(screen.getByTestId('range-7d'));
    await screen.findByTestId('page-retry');
    expect(await violations()).toEqual([]);
    port.failures.set('sessionMetrics', problem('forbidden'));
    await userEvent.click(screen.getByTestId('page-retry'));
    await screen.findByTestId('insight-forbidden');
    expect(await violations()).toEqual([]);
  });

  it.each(['fr', 'en'] as const)('in alerts and their settings, in every state, in "%s"', async (language) => {
    const port = await show({
      settings: { ...view().settings, language },
      operator: { ...view().operator!, is_super_admin: true },
    });
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-alerts'));
    await screen.findByTestId('alerts-lasting');
    await screen.findByTestId('mail-host');
    expect(await violations()).toEqual([]);
    await userEvent.type(await screen.findByTestId('monitoring-refresh_least'), 'x');
    await userEvent.click(screen.getByTestId('monitoring-save'));
    await screen.findByTestId('monitoring-problem');
    await userEvent.type(screen.getByTestId('mail-port'), 'x');
    await userEvent.click(screen.getByTestId('mail-save'));
    await screen.findByTestId('mail-problem');
    expect(await violations()).toEqual([]);
    port.alerting.all = [];
    port.alerting.mail.is_fixed = true;
    for (const call of ['monitoringSettings', 'alerts'] as const) port.failures.set(call, problem('offline'));
    await userEvent.click(screen.getByTestId('tab-sessions'));
    await userEvent.click(screen.getByTestId('tab-alerts'));
    expect(await screen.findAllByTestId('page-retry')).toHaveLength(2);
    await screen.findByTestId('mail-fixed');
    expect(await violations()).toEqual([]);
    port.failures.clear();
    for (const button of screen.getAllByTestId('page-retry')) await userEvent.click(button);
    await screen.findByTestId('alerts-none');
    expect(await violations()).toEqual([]);
  });

  it.each(['fr', 'en'] as const)('in the audit log and one of its lines, in "%s"', async (language) => {
    await show({
      settings: { ...view().settings, language },
      operator: { ...view().operator!, is_super_admin: true },
    });
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-audit'));
    await screen.findAllByTestId('audit-row');
    await screen.findByTestId('audit-organization');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getAllByTestId('audit-open')[1]!);
    await screen.findByTestId('audit-changes');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('audit-more-session'));
    await screen.findByTestId('audit-taken');
    await userEvent.type(screen.getByTestId('audit-from'), '30/03/2026');
    await userEvent.type(screen.getByTestId('audit-to'), '29/03/2026');
    await screen.findByTestId('audit-day-problem');
    expect(await violations()).toEqual([]);
  });

  it('in the audit log that is empty, cannot be had or is for others', async () => {
    const port = await show();
    port.auditing.all = [];
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-audit'));
    await screen.findByTestId('audit-none');
    expect(await violations()).toEqual([]);
    port.failures.set('audit', problem('offline'));
    await userEvent.click(screen.getByTestId('audit-reload'));
    await screen.findByTestId('page-retry');
    expect(await violations()).toEqual([]);
    port.failures.set('audit', problem('forbidden'));
    await userEvent.click(screen.getByTestId('page-retry'));
    await screen.findByTestId('audit-forbidden');
    expect(await violations()).toEqual([]);
  });

  it.each(['fr', 'en'] as const)('in beginning to act as somebody, and meanwhile, in "%s"', async (language) => {
    const port = await show({
      settings: { ...view().settings, language },
      operator: { ...view().operator!, role: 'owner', is_super_admin: true },
    });
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-people'));
    await userEvent.click((await screen.findAllByTestId('person-open'))[2]!);
    await userEvent.click(await screen.findByTestId('person-impersonate'));
    await screen.findByTestId('begin-organization');
    await userEvent.click(screen.getByTestId('begin-submit'));
    await screen.findByTestId('begin-problem');
    expect(await violations()).toEqual([]);
    port.impersonate('dominique', 'o1', 'Le nom du site est faux', Date.now() - 100 * 60_000);
    await screen.findByTestId('acting-note');
    await userEvent.click(screen.getByTestId('menu'));
    await screen.findByTestId('menu-no-leaving');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('nav-administration'));
    for (const tab of ['sessions', 'people', 'places', 'categories', 'organizations', 'alerts']) {
      await userEvent.click(await screen.findByTestId(`tab-${tab}`));
      await screen.findByTestId('meanwhile');
      expect(await violations(), tab).toEqual([]);
    }
    await userEvent.click(screen.getByTestId('nav-till'));
    await userEvent.click(await screen.findByTestId('category-0'));
    await userEvent.click(screen.getByTestId('acting-stop'));
    await screen.findByTestId('acting-confirm');
    expect(await violations()).toEqual([]);
    port.endImpersonation('forced');
    await screen.findByTestId('over-strip');
    expect(await violations()).toEqual([]);
  });

  it.each(['fr', 'en'] as const)('in the board of who acts as whom, in every state, in "%s"', async (language) => {
    const port = await show({
      settings: { ...view().settings, language },
      operator: { ...view().operator!, is_super_admin: true },
    });
    port.impersonating.live[0]!.is_own = true;
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-impersonation'));
    await screen.findByTestId('board-near');
    await userEvent.type(await screen.findByTestId('conditions-networks'), 'x');
    await userEvent.click(screen.getByTestId('conditions-save'));
    await screen.findByTestId('conditions-problem');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('board-force'));
    await screen.findByTestId('board-confirm');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('board-confirm-no'));
    port.failures.set('liveImpersonations', problem('offline'));
    port.change({ changes: { ...port.current.changes, impersonations: 5 } });
    await screen.findByTestId('board-stale');
    expect(await violations()).toEqual([]);
    port.failures.set('liveImpersonations', problem('forbidden'));
    port.change({ changes: { ...port.current.changes, impersonations: 6 } });
    await screen.findByTestId('board-forbidden');
    expect(await violations()).toEqual([]);
  });

  it('in the till’s day: chosen, opened, counted with a variance, closed, past days, and cut off', async () => {
    const port = await show({ operator: { ...view().operator!, role: 'manager' } });
    await userEvent.click(await screen.findByTestId('nav-day'));
    await userEvent.click((await screen.findAllByTestId('till-pick'))[0]!);
    await userEvent.click(await screen.findByTestId('day-open'));
    await screen.findByTestId('day-problem');
    expect(await violations()).toEqual([]);
    await userEvent.type(screen.getByTestId('day-float'), '100{Enter}');
    await screen.findByTestId('day-state');
    await userEvent.click(screen.getByTestId('till-change'));
    await screen.findAllByTestId('till-pick');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('till-change'));
    port.change({}, lost);
    await screen.findByTestId('day-why');
    expect(await violations()).toEqual([]);
    port.change({}, { connection: { kind: 'online' }, banner: { kind: 'hidden' } });
    await userEvent.click(await screen.findByTestId('day-close-start'));
    await userEvent.type(await screen.findByTestId('day-count'), '99{Enter}');
    await screen.findByTestId('day-problem');
    expect(await violations()).toEqual([]);
    await userEvent.type(screen.getByTestId('day-comment'), 'tombée');
    await userEvent.click(screen.getByTestId('day-close'));
    await screen.findByTestId('day-done');
    await userEvent.click((await screen.findAllByTestId('past-day'))[0]!.querySelector('summary')!);
    expect(await violations()).toEqual([]);
  });

  it('in the dialogs of the administration', async () => {
    await show({ operator: { ...view().operator!, role: 'owner', is_super_admin: true } });
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click((await screen.findAllByTestId('live-end'))[0]!);
    await screen.findByTestId('live-confirm');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('live-confirm-no'));
    await userEvent.click(screen.getByTestId('tab-people'));
    await userEvent.click(await screen.findByTestId('person-add'));
    await userEvent.click(screen.getByTestId('add-submit'));
    await screen.findByTestId('add-problem');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('add-cancel'));
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    await userEvent.click(await screen.findByTestId('person-reset'));
    await userEvent.click(await screen.findByTestId('person-confirm-yes'));
    await screen.findByTestId('one-time');
    expect(await violations()).toEqual([]);
  });

  async function withParked(language: 'fr' | 'en'): Promise<void> {
    const port = await show({ settings: { ...view().settings, language } });
    await screen.findByTestId('line-0');
    port.tickets.park({ draft: { ...port.draft!, id: 'p1' }, name: 'Mme Petit' });
    port.tickets.park({ draft: { ...port.draft!, id: 'p2' }, name: 'scellé' });
    port.tickets.sealed.add('p2');
    port.change({ work: { ...port.current.work, parked: 2, refused: 1 } });
    await screen.findByTestId('parked-open');
  }

  it.each(['fr', 'en'] as const)('in parking a ticket, in "%s"', async (language) => {
    await withParked(language);
    await userEvent.click(screen.getByTestId('park'));
    await screen.findByTestId('park-dialog');
    expect(await violations()).toEqual([]);
  });

  it.each(['fr', 'en'] as const)('in the list of parked tickets, in "%s"', async (language) => {
    await withParked(language);
    await userEvent.click(screen.getByTestId('parked-open'));
    await screen.findAllByTestId('parked-ticket');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('parked-discard'));
    await screen.findByTestId('discard-confirm');
    expect(await violations()).toEqual([]);
  });

  it.each(['fr', 'en'] as const)('in the tickets page and the review of a refused one, in "%s"', async (language) => {
    await withParked(language);
    await userEvent.click(screen.getByTestId('nav-tickets'));
    await screen.findAllByTestId('parked-ticket');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('refused-open'));
    await screen.findByTestId('review-lines');
    expect(await violations()).toEqual([]);
  });

  it('in the dialogs', async () => {
    const port = await show({ work: { waiting: 1, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
    await screen.findByTestId('line-0');
    await userEvent.click(screen.getByTestId('menu'));
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('signout'));
    await screen.findByTestId('guard-dialog');
    expect(await violations()).toEqual([]);
    await userEvent.click(screen.getByTestId('guard-stay'));
    port.change({}, { phase: 'ended', banner: { kind: 'ended', reason: 'idle' }, severity: 'error' });
    await screen.findByTestId('relogin-dialog');
    expect(await violations()).toEqual([]);
  });
});

it('axe finds nothing in the making of the first account', async () => {
  await show({ operator: null, first_operator_needed: true }, { phase: 'signed_out' });
  await userEvent.click(await screen.findByTestId('first-submit'));
  expect(await violations()).toEqual([]);
});
