import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import Window from '../App.svelte';
import { App } from '../session/app.svelte';
import { FakePort, view } from '../shell/fake';
import type { AppView, NoticeKind, SecurityNotice } from '../shell/port';
import { fr as words } from '../words/fr';
import { fr } from '../words/office.fr';
import { noticeWords } from './notice';
import { passwordFault } from './passwords';

async function show(more: Partial<AppView> = {}): Promise<FakePort> {
  const port = new FakePort(view(more));
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await tick();
  return port;
}

const notice = (id: string, kind: NoticeKind): SecurityNotice => ({
  id,
  kind,
  at_ms: Date.now(),
  device_name: 'Bureau 9',
  ip_address: '92.184.100.7',
  application: 'Vigie 0.1.0',
});

const type = async (current: string, fresh: string, again: string): Promise<void> => {
  for (const [part, text] of Object.entries({ current, fresh, again })) {
    const field = screen.getByTestId(`password-${part}`);
    await userEvent.clear(field);
    if (text !== '') await userEvent.type(field, text);
  }
  await userEvent.click(screen.getByTestId('password-submit'));
};

describe('a security notice', () => {
  it('stands over the page once, and is gone when it was put away', async () => {
    const port = await show({ notices: [notice('n1', 'new_device'), notice('n2', 'device_limit')] });
    const strip = await screen.findByTestId('notice-strip');
    expect(strip).toHaveTextContent('Bureau 9');
    expect(strip).toHaveTextContent('92.184.100.7');
    expect(strip).toHaveTextContent(fr.notices.more(1));
    await userEvent.click(screen.getByTestId('notice-fine'));
    await waitFor(() => expect(screen.getByTestId('notice-fine')).toHaveTextContent(fr.notices.seen));
    await userEvent.click(screen.getByTestId('notice-fine'));
    await waitFor(() => expect(screen.queryByTestId('notice-strip')).toBeNull());
    expect(port.current.notices).toEqual([]);
  });

  it('leads to the sessions, where it is listed', async () => {
    await show({ notices: [notice('n1', 'proof_refused')] });
    await userEvent.click(await screen.findByTestId('notice-show'));
    expect(await screen.findByTestId('notice-row')).toHaveTextContent('Bureau 9');
    expect(screen.queryByTestId('notice-strip')).toBeNull();
  });

  it('reads well without a device and an address', () => {
    const bare = { ...notice('n', 'new_network'), device_name: null, ip_address: null, application: null };
    expect(noticeWords(bare, fr.notices, () => 'à 14:32')).toBe(
      'Première connexion depuis un nouveau réseau : « appareil inconnu » (adresse inconnue), à 14:32.',
    );
  });
});

describe('changing the password', () => {
  it('is reached from the menu, and says what it does', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('menu'));
    await userEvent.click(screen.getByTestId('menu-password'));
    expect(await screen.findByTestId('password-dialog')).toHaveTextContent(fr.password.effect);
    await type('ancien mot', 'une phrase de plage', 'une phrase de plage');
    await waitFor(() => expect(screen.queryByTestId('password-dialog')).toBeNull());
    expect(port.passwords).toEqual([['ancien mot', 'une phrase de plage']]);
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.password.changed);
  });

  it('shows the server’s refusal at its field', async () => {
    await show();
    await userEvent.click(screen.getByTestId('menu'));
    await userEvent.click(screen.getByTestId('menu-password'));
    await screen.findByTestId('password-dialog');
    await type('faux', 'une phrase de plage', 'une phrase de plage');
    expect(await screen.findByTestId('password-error')).toHaveTextContent(words.errors.password_wrong);
    expect(document.activeElement).toBe(screen.getByTestId('password-current'));
    await type('ancien mot', 'password', 'password');
    await waitFor(() => expect(screen.getByTestId('password-error')).toHaveTextContent(words.errors.weak_password));
    expect(document.activeElement).toBe(screen.getByTestId('password-fresh'));
  });

  it('is wanted before anything else after a one-time password, over the work', async () => {
    const port = await show({ operator: { ...view().operator!, must_change_password: true } });
    const dialog = await screen.findByTestId('password-dialog');
    expect(dialog).toHaveTextContent(fr.password.forced);
    expect(screen.queryByTestId('password-cancel')).toBeNull();
    expect(screen.getByTestId('screen-till')).toBeInTheDocument();
    dialog.dispatchEvent(new Event('cancel', { cancelable: true }));
    expect(screen.getByTestId('password-dialog')).toBeInTheDocument();
    await type('provisoire', 'une phrase de plage', 'une phrase de plage');
    await waitFor(() => expect(screen.queryByTestId('password-dialog')).toBeNull());
    expect(port.passwords).toHaveLength(1);
  });

  it('can be left by signing out', async () => {
    const port = await show({ operator: { ...view().operator!, must_change_password: true } });
    await userEvent.click(await screen.findByTestId('password-signout'));
    await waitFor(() => expect(port.current.session.phase).toBe('signed_out'));
  });

  it.each([
    ['', 'une phrase', 'une phrase', 'current'],
    ['ancien', 'court', 'court', 'fresh'],
    ['ancien', '🦀🦀🦀🦀🦀🦀🦀', '🦀🦀🦀🦀🦀🦀🦀', 'fresh'],
    ['ancien', 'x'.repeat(1_025), 'x'.repeat(1_025), 'fresh'],
    ['une phrase', 'une phrase', 'une phrase', 'fresh'],
    ['ancien', 'une phrase', 'une phrase!', 'again'],
  ])('holds %s %s %s back at %s', (current, fresh, again, part) => {
    expect(passwordFault({ current, fresh, again }, fr.password, '?')?.part).toBe(part);
  });

  it('takes anything long enough', () => {
    const typed = { current: 'ancien', fresh: '        ', again: '        ' };
    expect(passwordFault(typed, fr.password, '?')).toBeNull();
  });
});
