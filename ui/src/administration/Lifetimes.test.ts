import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { AppView } from '../shell/port';
import { fr } from '../words/office.fr';
import { asTyped, readLifetimes } from './lifetimes';
import Lifetimes from './Lifetimes.svelte';

async function show(
  more: Partial<AppView> = {},
  prepare: (port: FakePort) => void = () => undefined,
): Promise<FakePort> {
  const port = new FakePort(view(more));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Lifetimes, { app });
  return port;
}

const withRole = (role: 'user' | 'manager' | 'owner'): Partial<AppView> => ({
  operator: { ...view().operator!, role },
});

describe('the organisation’s sessions', () => {
  it.each(['user', 'manager'] as const)('are not for a %s, in a sentence', async (role) => {
    const port = await show(withRole(role));
    expect(screen.getByTestId('lifetimes-forbidden')).toHaveTextContent(fr.lifetimes.forbidden);
    expect(port.calls).not.toContain('sessionSettings');
  });

  it('are not for whom the server says so', async () => {
    await show({}, (port) => port.failures.set('sessionSettings', problem('forbidden')));
    expect(await screen.findByTestId('lifetimes-forbidden')).toBeInTheDocument();
  });

  const another = async (port: FakePort, hours: number): Promise<void> => {
    port.lifetimes = { ...port.lifetimes, session_max_hours: hours };
    const { changes } = port.current;
    port.change({ changes: { ...changes, settings: changes.settings + 1 } });
  };

  it('follow what somebody else changes while nothing is typed', async () => {
    const port = await show(withRole('owner'));
    expect(await screen.findByTestId('lifetime-session_max_hours')).toHaveValue('720');
    await another(port, 48);
    await waitFor(() => expect(screen.getByTestId('lifetime-session_max_hours')).toHaveValue('48'));
    expect(screen.queryByTestId('lifetimes-elsewhere')).toBeNull();
  });

  it('keep what is typed when somebody else changes them, and offer theirs', async () => {
    const port = await show(withRole('owner'));
    const field = await screen.findByTestId('lifetime-idle_timeout_minutes');
    await userEvent.clear(field);
    await userEvent.type(field, '60');
    await another(port, 48);
    expect(await screen.findByTestId('lifetimes-elsewhere')).toHaveTextContent(fr.lifetimes.changedElsewhere);
    expect(field).toHaveValue('60');
    expect(screen.getByTestId('lifetime-session_max_hours')).toHaveValue('720');
    await userEvent.click(screen.getByTestId('lifetimes-take'));
    await waitFor(() => expect(screen.getByTestId('lifetime-session_max_hours')).toHaveValue('48'));
    expect(screen.getByTestId('lifetime-idle_timeout_minutes')).toHaveValue('480');
    expect(screen.queryByTestId('lifetimes-elsewhere')).toBeNull();
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
    expect(screen.getByTestId('lifetime-problem')).toHaveTextContent(fr.lifetimes.tokenOverIdle);
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
    expect(readLifetimes(typed, fr.lifetimes, String)).toMatchObject({ field });
  });

  it('name their defaults and go back to them', async () => {
    await show({}, (port) => (port.lifetimes = { ...port.lifetimes, idle_timeout_minutes: 60, device_limit: 3 }));
    const idle = await screen.findByTestId('lifetime-idle_timeout_minutes');
    expect(idle).toHaveValue('60');
    expect(idle).toHaveAccessibleDescription(expect.stringContaining(fr.lifetimes.byDefault('480')));
    await userEvent.click(screen.getByTestId('lifetimes-reset'));
    expect(idle).toHaveValue('480');
    expect(screen.getByTestId('lifetime-device_limit')).toHaveValue('');
  });

  it('are drawn in the order in which they come, in words too', async () => {
    await show({}, (port) => (port.lifetimes = { ...port.lifetimes, lock_after_minutes: 5 }));
    const marks = (): (string | null)[] =>
      within(screen.getByTestId('timeline'))
        .getAllByRole('listitem')
        .map((item) => item.getAttribute('data-mark'));
    await screen.findByTestId('timeline');
    expect(marks()).toEqual(['start', 'lock', 'token', 'activity', 'idle', 'max']);
    expect(screen.getByTestId('timeline')).toHaveTextContent(`30 j ${fr.lifetimes.line.max}`);
    const lock = screen.getByTestId('lifetime-lock_after_minutes');
    await userEvent.clear(lock);
    await userEvent.type(lock, '60');
    expect(marks()).toEqual(['start', 'token', 'activity', 'lock', 'idle', 'max']);
  });

  it('say what contradicts as soon as a field is left', async () => {
    const port = await show();
    const idle = await screen.findByTestId('lifetime-idle_timeout_minutes');
    await userEvent.clear(idle);
    await userEvent.type(idle, '10{Tab}');
    expect(screen.getByTestId('lifetime-problem')).toHaveTextContent(fr.lifetimes.tokenOverIdle);
    expect(port.calls).not.toContain('putSessionSettings');
  });
});
