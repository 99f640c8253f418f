import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { AppView } from '../shell/port';
import { palette } from '../styles/theme';
import { en } from '../words/office.en';
import { fr } from '../words/office.fr';
import { fr as words } from '../words/fr';
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
    await show({ work: { waiting: 2, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
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
    expect(screen.getByTestId('settings-server-error')).toHaveTextContent(words.errors.work_unsent);
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
