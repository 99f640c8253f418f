import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePort, view } from '../shell/fake';
import type { RetryOutcome, SessionView } from '../shell/port';
import { fr } from '../words/fr';
import { App } from './app.svelte';
import Banner from './Banner.svelte';

const now = new Date(2026, 2, 3, 14, 32).getTime();
let port: FakePort;
let app: App;
const onsave = vi.fn();
const onreconnect = vi.fn();

const offline: Partial<SessionView> = {
  banner: { kind: 'offline' },
  severity: 'warning',
  connection: { kind: 'lost', trouble: 'offline' },
  since_ms: now,
  next_attempt_ms: now + 20_000,
  access_end_ms: now + 250_000,
};

async function show(session: Partial<SessionView>): Promise<void> {
  port = new FakePort(view({}, session));
  app = new App(port);
  await app.start();
  render(Banner, { app, onsave, onreconnect });
  await tick();
}

const text = (id: string): string => (screen.queryByTestId(id)?.textContent ?? '').replace(/\s+/g, ' ').trim();
const press = async (id: string): Promise<void> => {
  screen.getByTestId(id).click();
  await vi.advanceTimersByTimeAsync(0);
};

beforeEach(() => {
  vi.useFakeTimers({ now });
  onsave.mockReset();
  onreconnect.mockReset();
});

describe('the banner on the screen', () => {
  it('is empty and says so while all is well', async () => {
    await show({});
    expect(screen.getByTestId('banner')).toHaveAttribute('data-state', 'hidden');
    expect(screen.queryByTestId('banner-text')).toBeNull();
  });

  it('names its state and its severity', async () => {
    await show(offline);
    expect(screen.getByTestId('banner')).toHaveAttribute('data-state', 'offline');
    expect(screen.getByTestId('banner')).toHaveAttribute('data-severity', 'warning');
  });

  it('ticks by the clock, turns at zero, and stays', async () => {
    await show(offline);
    expect(text('banner-countdown')).toBe('Nouvelle tentative automatique dans 20 s.');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(text('banner-countdown')).toBe('Nouvelle tentative automatique dans 15 s.');
    expect(text('banner-meter')).toBe('Accès encore 4 min 05 s');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(text('banner-countdown')).toBe('Nouvelle tentative en cours…');
    await vi.advanceTimersByTimeAsync(90_000);
    expect(text('banner-countdown')).toBe('Nouvelle tentative en cours…');
    expect(screen.getByTestId('banner')).toHaveAttribute('data-state', 'offline');
  });

  it('stops ticking when there is nothing left to count', async () => {
    await show(offline);
    expect(vi.getTimerCount()).toBe(1);
    port.change({}, { banner: { kind: 'hidden' }, severity: 'hidden', connection: { kind: 'online' } });
    await vi.advanceTimersByTimeAsync(300);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not read the seconds out', async () => {
    await show(offline);
    const first = text('banner-polite');
    expect(first).toContain('Connexion perdue.');
    await vi.advanceTimersByTimeAsync(19_000);
    expect(text('banner-polite')).toBe(first);
    await vi.advanceTimersByTimeAsync(111_500);
    expect(text('banner-polite')).toBe('Encore 2 minutes.');
  });

  it.each(Object.keys(fr.banner.retried) as RetryOutcome[])('says what a retry brought: %s', async (outcome) => {
    await show(offline);
    vi.spyOn(port, 'retry').mockResolvedValue({ status: 'ok', data: outcome });
    await press('banner-retry');
    expect(text('banner-feedback')).toBe(fr.banner.retried[outcome]);
  });

  it('says that a retry is out, and sends one only', async () => {
    await show(offline);
    let end: (() => void) | null = null;
    const retry = vi
      .spyOn(port, 'retry')
      .mockImplementation(
        () => new Promise((resolve) => (end = () => resolve({ status: 'ok', data: 'still_offline' }))),
      );
    await press('banner-retry');
    await press('banner-retry');
    expect(text('banner-retry')).toBe('Tentative en cours…');
    expect(retry).toHaveBeenCalledTimes(1);
    end!();
    await vi.advanceTimersByTimeAsync(0);
    expect(text('banner-retry')).toBe('Réessayer');
  });

  it('says when the work was saved', async () => {
    await show(offline);
    await press('banner-save');
    expect(onsave).toHaveBeenCalledOnce();
    app.reported({ status: 'ok', data: { saved_at_ms: now } });
    await tick();
    expect(text('banner-feedback')).toBe('Enregistré à 14:32');
  });

  it('shows signing in again with its reason while no server answers, and gives it when pressed', async () => {
    await show(offline);
    expect(screen.getByTestId('banner-reconnect')).toHaveAttribute('aria-disabled', 'true');
    expect(screen.getByTestId('banner-reconnect')).toHaveAccessibleDescription(fr.banner.reconnectWhy);
    expect(text('banner-reconnect')).toContain('serveur injoignable');
    await press('banner-reconnect');
    expect(onreconnect).not.toHaveBeenCalled();
    expect(text('banner-feedback')).toBe(fr.banner.reconnectWhy);
  });

  it('offers to sign in again once the session is over', async () => {
    await show({ phase: 'ended', banner: { kind: 'ended', reason: 'idle' }, severity: 'error' });
    expect(text('banner-text')).toContain(fr.banner.ended.idle);
    await press('banner-reconnect');
    expect(onreconnect).toHaveBeenCalledOnce();
  });

  it('keeps the operator signed in when she says so', async () => {
    await show({ banner: { kind: 'idle_end_near' }, severity: 'warning', idle_end_ms: now + 120_000 });
    expect(text('banner-text')).toContain("Votre session va s'arrêter faute d'activité dans 2 min.");
    await press('banner-stay');
    expect(port.inputs).toBe(1);
  });

  it('unfolds its details', async () => {
    await show({ banner: { kind: 'misconfigured', fault: 'client_unknown' }, severity: 'warning' });
    expect(screen.queryByTestId('banner-details-text')).toBeNull();
    await press('banner-details');
    expect(text('banner-details-text')).toBe(fr.banner.misconfiguredDetails.client_unknown);
    expect(screen.getByTestId('banner-details')).toHaveAttribute('aria-expanded', 'true');
  });

  it('keeps the focus on a button while its state changes under it', async () => {
    await show(offline);
    screen.getByTestId('banner-retry').focus();
    port.change({}, { banner: { kind: 'server_down', trouble: 'server_down' } });
    await tick();
    expect(screen.getByTestId('banner')).toHaveAttribute('data-state', 'server_down');
    expect(document.activeElement).toBe(screen.getByTestId('banner-retry'));
  });
});
