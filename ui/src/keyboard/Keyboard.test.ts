import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it } from 'vitest';
import Window from '../App.svelte';
import { App } from '../session/app.svelte';
import { FakePort, view } from '../shell/fake';
import type { DeviceSettings, SessionView } from '../shell/port';
import { keyboard } from './asked.svelte';
import { keysOf } from './layouts';

async function show(settings: Partial<DeviceSettings>, session: Partial<SessionView> = {}): Promise<FakePort> {
  const start = view(session.phase === 'signed_out' ? { operator: null } : {}, session);
  const port = new FakePort({ ...start, settings: { ...start.settings, ...settings } });
  const app = new App(port);
  await app.start();
  render(Window, { app });
  return port;
}

const key = (name: string): HTMLElement =>
  screen.getAllByTestId('screen-key').find((each) => each.dataset['key'] === name)!;
async function press(text: string): Promise<void> {
  for (const each of text) await userEvent.click(each === ' ' ? screen.getByTestId('screen-space') : key(each));
}
const value = (testid: string): string => (screen.getByTestId(testid) as HTMLInputElement).value;
const signedOut: Partial<SessionView> = { phase: 'signed_out' };

beforeEach(() => void (keyboard.asked = false));

describe('the keyboard on the screen', () => {
  it('signs somebody in, on the device that is set so', async () => {
    const port = await show({ screen_keyboard: 'azerty' }, signedOut);
    await screen.findByTestId('screen-keyboard');
    await waitFor(() => expect(screen.getByTestId('screen-keyboard')).toBeVisible());
    expect(document.activeElement).toBe(screen.getByTestId('signin-username'));
    await press('camille');
    expect(document.activeElement).toBe(screen.getByTestId('signin-username'));
    await userEvent.click(screen.getByTestId('signin-password'));
    await userEvent.click(screen.getByTestId('screen-shift'));
    await press('Mot e');
    await userEvent.click(screen.getByTestId('screen-erase'));
    await press('é');
    await userEvent.click(screen.getByTestId('screen-layer'));
    await press('{~_#}');
    expect(value('signin-username')).toBe('camille');
    expect(value('signin-password')).toBe('Mot é{~_#}');
    expect(screen.getByTestId('screen-keyboard').textContent).not.toContain('Mot');
    await userEvent.click(screen.getByTestId('screen-enter'));
    await waitFor(() => expect(port.current.session.phase).toBe('signed_in'));
  });

  it('is asked for in a password where the device has it not, and folded again', async () => {
    await show({ screen_keyboard: 'none' }, signedOut);
    await screen.findByTestId('signin-password');
    expect(screen.queryByTestId('screen-keyboard')).toBeNull();
    await userEvent.click(screen.getByTestId('signin-password-keyboard'));
    await waitFor(() => expect(screen.getByTestId('screen-keyboard')).toBeVisible());
    await press('az');
    expect(value('signin-password')).toBe('az');
    await userEvent.click(screen.getByTestId('screen-hide'));
    await waitFor(() => expect(screen.queryByTestId('screen-keyboard')).toBeNull());
    expect(document.documentElement).not.toHaveClass('with-keyboard');
  });

  it('types where the cursor is, over what is selected, and holds capitals', async () => {
    await show({ screen_keyboard: 'qwerty' }, signedOut);
    await waitFor(() => expect(screen.getByTestId('screen-keyboard')).toBeVisible());
    const field = screen.getByTestId('signin-username') as HTMLInputElement;
    await press('zoo');
    field.setSelectionRange(0, 2);
    await userEvent.dblClick(screen.getByTestId('screen-shift'));
    await press('AB');
    expect([field.value, field.selectionStart]).toEqual(['ABo', 2]);
    await userEvent.click(screen.getByTestId('screen-shift'));
    await press('q');
    await userEvent.click(screen.getByTestId('screen-layout'));
    expect(screen.getAllByTestId('screen-key')[10]).toHaveTextContent('a');
    field.setSelectionRange(0, 0);
    await userEvent.click(screen.getByTestId('screen-erase'));
    expect(field.value).toBe('ABqo');
  });

  it('leaves the till alone until its search is pressed, and its keys are not in the order of Tab', async () => {
    await show({ screen_keyboard: 'azerty' });
    const search = await screen.findByTestId('search');
    await waitFor(() => expect(document.activeElement).toBe(search));
    await screen.findByTestId('screen-keyboard');
    expect(screen.getByTestId('screen-keyboard')).not.toBeVisible();
    await userEvent.click(search);
    await waitFor(() => expect(screen.getByTestId('screen-keyboard')).toBeVisible());
    await press('liv');
    await userEvent.click(screen.getByTestId('screen-enter'));
    expect(await screen.findByTestId('line-0')).toHaveTextContent('Livres');
    for (const each of screen.getByTestId('screen-keyboard').querySelectorAll('button')) {
      expect(each.tabIndex).toBe(-1);
      expect(each).toHaveAccessibleName();
    }
  });

  it('stays away from amounts, which have keys of their own', async () => {
    await show({ screen_keyboard: 'azerty' });
    await userEvent.click(await screen.findByTestId('category-0'));
    await userEvent.click(await screen.findByTestId('line-0'));
    await userEvent.click(await screen.findByTestId('line-price'));
    expect(screen.getByTestId('screen-keyboard')).not.toBeVisible();
  });

  it('goes into the dialog that is open', async () => {
    await show({ screen_keyboard: 'azerty' }, { phase: 'ended' });
    const password = await screen.findByTestId('relogin-password');
    await userEvent.click(password);
    await waitFor(() => expect(screen.getByTestId('screen-keyboard').closest('dialog')).not.toBeNull());
    await press('sesame');
    expect(value('relogin-password')).toBe('sesame');
  });

  it.each(['azerty', 'qwerty'] as const)('has every printable character of ASCII on %s', (layout) => {
    const all = new Set([
      ...keysOf(layout, 'letters', false).flat(),
      ...keysOf(layout, 'letters', true).flat(),
      ...keysOf(layout, 'signs', false).flat(),
      ' ',
    ]);
    const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
    expect(ascii.filter((each) => !all.has(each))).toEqual([]);
  });
});
