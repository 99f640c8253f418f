import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { AppView } from '../shell/port';
import { palette } from '../styles/theme';
import { en } from '../words/en';
import { fr } from '../words/fr';
import { asTyped, readLifetimes } from './lifetimes';
import Settings from './Settings.svelte';

async function show(
  more: Partial<AppView> = {},
  prepare: (port: FakePort) => void = () => undefined,
): Promise<FakePort> {
  const port = new FakePort(view(more));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Settings, { app });
  return port;
}

const withRole = (role: 'user' | 'manager' | 'owner'): Partial<AppView> => ({
  operator: { ...view().operator!, role },
});

describe('this device', () => {
  it('changes language at once', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('settings-language-en'));
    expect(port.current.settings.language).toBe('en');
    await waitFor(() => expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(en.settings.title));
  });

  it('changes colours, name and use', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('settings-theme-contrast'));
    await userEvent.click(screen.getByTestId('settings-kind-desk'));
    await userEvent.clear(screen.getByTestId('settings-device-name'));
    await userEvent.type(screen.getByTestId('settings-device-name'), 'Bureau 2{Enter}');
    expect(port.current.settings).toMatchObject({ theme: 'contrast', device_kind: 'desk', device_name: 'Bureau 2' });
  });

  it('keeps an empty name back', async () => {
    const port = await show();
    await userEvent.clear(screen.getByTestId('settings-device-name'));
    await userEvent.click(screen.getByTestId('settings-device-save'));
    expect(screen.getByText(fr.settings.deviceNameRange)).toBeInTheDocument();
    expect(port.current.settings.device_name).toBe('Caisse 1');
  });

  it('does not change server while sales wait, and says how many', async () => {
    await show({ work: { waiting: 2, refused: 0, saved_at_ms: null, fault: null } });
    expect(screen.getByTestId('settings-server-hint')).toHaveTextContent(fr.settings.serverLocked(2));
    expect(screen.getByTestId('settings-server-save')).toBeDisabled();
    expect(screen.getByTestId('server-url')).toBeDisabled();
  });

  it('changes server, and says why not', async () => {
    const port = await show();
    expect(screen.getByTestId('settings-server-save')).toBeDisabled();
    await userEvent.type(screen.getByTestId('server-url'), '.fr');
    port.failures.set('putDeviceSettings', problem('work_unsent'));
    await userEvent.click(screen.getByTestId('settings-server-save'));
    expect(screen.getByTestId('settings-server-error')).toHaveTextContent(fr.errors.work_unsent);
    port.failures.clear();
    await userEvent.click(screen.getByTestId('settings-server-save'));
    expect(port.current.settings.server).toEqual({ kind: 'remote', url: 'https://vigie.example.fr' });
  });

  it('resolves the colours of the system', () => {
    expect(palette('system', false, false)).toBe('light');
    expect(palette('system', true, false)).toBe('dark');
    expect(palette('system', true, true)).toBe('contrast');
    expect(palette('light', true, true)).toBe('light');
  });
});

describe('the organisation’s sessions', () => {
  it.each(['user', 'manager'] as const)('are not for a %s, in a sentence', async (role) => {
    const port = await show(withRole(role));
    expect(screen.getByTestId('lifetimes-forbidden')).toHaveTextContent(fr.settings.lifetimesForbidden);
    expect(port.calls).not.toContain('sessionSettings');
  });

  it('are not for whom the server says so', async () => {
    await show({}, (port) => port.failures.set('sessionSettings', problem('forbidden')));
    expect(await screen.findByTestId('lifetimes-forbidden')).toBeInTheDocument();
  });

  it('are read, changed and kept', async () => {
    const port = await show(withRole('owner'));
    const token = await screen.findByTestId('lifetime-token_expiration_minutes');
    expect(token).toHaveValue('15');
    await userEvent.clear(token);
    await userEvent.type(token, '20');
    await userEvent.type(screen.getByTestId('lifetime-lock_after_minutes'), '10');
    await userEvent.click(screen.getByTestId('lifetimes-save'));
    await waitFor(() => expect(port.lifetimes).toMatchObject({ token_expiration_minutes: 20, lock_after_minutes: 10 }));
  });

  it('are held back where they contradict each other, at the field', async () => {
    const port = await show();
    const token = await screen.findByTestId('lifetime-token_expiration_minutes');
    await userEvent.clear(token);
    await userEvent.type(token, '900');
    await userEvent.click(screen.getByTestId('lifetimes-save'));
    expect(screen.getByTestId('lifetime-problem')).toHaveTextContent(fr.settings.tokenOverIdle);
    expect(document.activeElement).toBe(token);
    expect(port.calls).not.toContain('putSessionSettings');
  });

  it('show the server’s verdict at the field it names', async () => {
    await show({}, (port) =>
      port.failures.set('putSessionSettings', problem('settings_incoherent', { subject: 'idle_timeout_minutes' })),
    );
    await userEvent.click(await screen.findByTestId('lifetimes-save'));
    await waitFor(() =>
      expect(screen.getByTestId('lifetime-idle_timeout_minutes')).toHaveAttribute('aria-invalid', 'true'),
    );
  });

  it.each([
    [{ token_expiration_minutes: '0' }, 'token_expiration_minutes'],
    [{ token_expiration_minutes: 'dix' }, 'token_expiration_minutes'],
    [{ activity_threshold_minutes: '1441' }, 'activity_threshold_minutes'],
    [{ idle_timeout_minutes: '4' }, 'idle_timeout_minutes'],
    [{ session_max_hours: '8761' }, 'session_max_hours'],
    [{ lock_after_minutes: '0' }, 'lock_after_minutes'],
    [{ session_max_hours: '1' }, 'idle_timeout_minutes'],
    [{ activity_threshold_minutes: '600' }, 'activity_threshold_minutes'],
  ])('refuse %o at %s', (change, field) => {
    const typed = { ...asTyped(new FakePort().lifetimes), ...change };
    expect(readLifetimes(typed, fr.settings, String)).toMatchObject({ field });
  });
});
