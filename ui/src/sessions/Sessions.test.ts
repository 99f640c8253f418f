import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import Toaster from '../widgets/Toaster.svelte';
import { fr as words } from '../words/fr';
import { fr } from '../words/office.fr';
import Reauthentication from '../../tests/Reauthentication.svelte';
import Sessions from './Sessions.svelte';

let signedOut = 0;

async function show(prepare: (port: FakePort) => void = () => undefined): Promise<FakePort> {
  const port = new FakePort(view());
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Toaster);
  render(Reauthentication, { app });
  render(Sessions, { app, onsignout: () => (signedOut += 1) });
  return port;
}

describe('my sessions', () => {
  it('are listed, this one first and marked, and this one cannot be closed here', async () => {
    await show();
    const rows = await screen.findAllByTestId('session-row');
    expect(rows).toHaveLength(3);
    expect(rows[0]).toHaveAttribute('data-current', 'true');
    expect(rows[0]).toHaveTextContent(fr.sessions.current);
    expect(within(rows[0]!).queryByTestId('session-revoke')).toBeNull();
    expect(rows[1]).toHaveTextContent('192.168.1.40');
  });

  it('are closed one at a time, by name', async () => {
    await show();
    await userEvent.click(await screen.findByRole('button', { name: fr.sessions.revokeLabel('Caisse 2') }));
    await waitFor(() => expect(screen.getAllByTestId('session-row')).toHaveLength(2));
    expect(screen.getByTestId('toast')).toHaveTextContent(fr.sessions.revoked('Caisse 2'));
    expect(screen.queryByText('Caisse 2')).toBeNull();
  });

  it('are all closed but this one after a question that names them and the effect', async () => {
    const port = await show();
    await userEvent.click(await screen.findByTestId('sessions-revoke-others'));
    const question = screen.getByTestId('sessions-confirm');
    expect(question).toHaveTextContent('Bureau de Camille et Caisse 2');
    expect(question).toHaveTextContent("il faudra s'y reconnecter");
    expect(document.activeElement).toBe(screen.getByTestId('sessions-confirm-no'));
    expect(port.calls).not.toContain('revokeOtherSessions');
    await userEvent.click(screen.getByTestId('sessions-confirm-yes'));
    await waitFor(() => expect(screen.getAllByTestId('session-row')).toHaveLength(1));
    expect(screen.getByTestId('toast')).toHaveTextContent('2 sessions fermées.');
    expect(screen.queryByTestId('sessions-revoke-others')).toBeNull();
  });

  it('say why they cannot be shown, and are asked for again', async () => {
    const port = await show((each) => each.failures.set('mySessions', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
    port.failures.clear();
    await userEvent.click(screen.getByTestId('page-retry'));
    expect(await screen.findAllByTestId('session-row')).toHaveLength(3);
    expect(screen.queryByTestId('page-error')).toBeNull();
  });

  it('say so when one could not be closed', async () => {
    await show((each) => each.failures.set('revokeSession', problem('session_not_found')));
    await userEvent.click((await screen.findAllByTestId('session-revoke'))[0]!);
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.errors.session_not_found);
  });

  it('tell what there is to know of each', async () => {
    await show();
    const [mine, desk] = await screen.findAllByTestId('session-row');
    for (const text of ['La Boucle', 'Nantes Est', fr.roles.admin, 'Vigie 0.1.0', '192.168.1.21', fr.sessions.bound])
      expect(mine).toHaveTextContent(text);
    expect(desk).toHaveTextContent(fr.sessions.kind.desk);
  });

  it('offer to sign out where this one is', async () => {
    signedOut = 0;
    await show();
    await userEvent.click(await screen.findByTestId('session-signout'));
    expect(signedOut).toBe(1);
  });

  it('ask for the password where the server wants it, and go on by themselves', async () => {
    const port = await show((each) => (each.reauthenticated = false));
    await userEvent.click((await screen.findAllByTestId('session-revoke'))[0]!);
    const password = await screen.findByTestId('reauthenticate-password');
    expect(document.activeElement).toBe(password);
    await userEvent.type(password, 'faux{Enter}');
    expect(await screen.findByTestId('reauthenticate-error')).toHaveTextContent(words.errors.password_wrong);
    expect(password).toHaveValue('');
    expect(screen.getAllByTestId('session-row')).toHaveLength(3);
    await userEvent.type(password, 'juste{Enter}');
    await waitFor(() => expect(screen.getAllByTestId('session-row')).toHaveLength(2));
    expect(screen.queryByTestId('reauthenticate-dialog')).toBeNull();
    expect(port.calls.filter((call) => call === 'revokeSession')).toHaveLength(2);
  });

  it('stay as they are when the password is not given', async () => {
    const port = await show((each) => (each.reauthenticated = false));
    await userEvent.click(await screen.findByTestId('sessions-revoke-others'));
    await userEvent.click(screen.getByTestId('sessions-confirm-yes'));
    await userEvent.click(await screen.findByTestId('reauthenticate-cancel'));
    await waitFor(() => expect(screen.queryByTestId('reauthenticate-dialog')).toBeNull());
    expect(screen.getAllByTestId('session-row')).toHaveLength(3);
    expect(screen.queryByTestId('toast')).toBeNull();
    expect(port.calls.filter((call) => call === 'revokeOtherSessions')).toHaveLength(1);
  });

  it('list what the operator should know of, until it is put away', async () => {
    const port = await show((each) =>
      each.change({
        notices: [
          {
            id: 'n1',
            kind: 'new_device',
            at_ms: Date.now(),
            device_name: 'Bureau 9',
            ip_address: '92.184.100.7',
            application: null,
          },
        ],
      }),
    );
    expect(await screen.findByTestId('notice-row')).toHaveTextContent('Bureau 9');
    await userEvent.click(screen.getByTestId('notice-away'));
    await waitFor(() => expect(screen.queryByTestId('notice-row')).toBeNull());
    expect(port.current.notices).toEqual([]);
  });
});
