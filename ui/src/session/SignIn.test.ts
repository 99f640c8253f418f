import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { FakePort, problem, view } from '../shell/fake';
import type { UiErrorCode } from '../shell/port';
import { en } from '../words/en';
import { fr } from '../words/fr';
import { App } from './app.svelte';
import SignIn from './SignIn.svelte';

async function show(): Promise<{ port: FakePort; app: App }> {
  const base = view();
  const port = new FakePort(
    view({ operator: null, settings: { ...base.settings, server: { kind: 'this_device' } } }, { phase: 'signed_out' }),
  );
  const app = new App(port);
  await app.start();
  render(SignIn, { app });
  return { port, app };
}

async function signIn(username: string, password: string): Promise<void> {
  if (username) await userEvent.type(screen.getByTestId('signin-username'), username);
  if (password) await userEvent.type(screen.getByTestId('signin-password'), password);
  await userEvent.click(screen.getByTestId('signin-submit'));
}

describe('signing in', () => {
  it('begins in the name field and goes by Enter', async () => {
    const { port } = await show();
    expect(document.activeElement).toBe(screen.getByTestId('signin-username'));
    await userEvent.keyboard('  camille{Tab}juste{Enter}');
    expect(port.signIns).toEqual([['camille', 'juste']]);
  });

  it('asks for what is missing without asking the server', async () => {
    const { port } = await show();
    await signIn('', '');
    expect(screen.getByTestId('signin-error')).toHaveTextContent(fr.signin.usernameMissing);
    await signIn('camille', '');
    expect(screen.getByTestId('signin-error')).toHaveTextContent(fr.signin.passwordMissing);
    expect(port.signIns).toEqual([]);
  });

  it.each(Object.keys(fr.errors) as UiErrorCode[])('says %s in a sentence and keeps what was typed', async (code) => {
    const { port } = await show();
    port.failures.set('signIn', problem(code));
    await signIn('camille', 'secret');
    expect(screen.getByTestId('signin-error')).toHaveTextContent(fr.errors[code]);
    expect(screen.getByTestId('signin-error')).toHaveAttribute('role', 'alert');
    expect(screen.getByTestId('signin-username')).toHaveValue('camille');
  });

  it('says how long to wait where that is known', async () => {
    const { port } = await show();
    port.failures.set('signIn', problem('rate_limited', { retry_after_seconds: 90 }));
    await signIn('camille', 'secret');
    expect(screen.getByTestId('signin-error')).toHaveTextContent('Réessayez dans 1 min 30 s.');
  });

  it('shows the password only when asked to', async () => {
    await show();
    expect(screen.getByTestId('signin-password')).toHaveAttribute('type', 'password');
    await userEvent.click(screen.getByTestId('signin-password-toggle'));
    expect(screen.getByTestId('signin-password')).toHaveAttribute('type', 'text');
  });

  it('takes a password that is pasted or filled in by a program that keeps passwords', async () => {
    const { port } = await show();
    const password = screen.getByTestId('signin-password');
    expect(password).toHaveAttribute('autocomplete', 'current-password');
    await userEvent.type(screen.getByTestId('signin-username'), 'camille');
    await userEvent.click(password);
    await userEvent.paste('quatre mouettes ivres sur le quai');
    expect(password).toHaveValue('quatre mouettes ivres sur le quai');
    await userEvent.click(screen.getByTestId('signin-submit'));
    await waitFor(() => expect(port.calls).toContain('signIn'));
  });

  it('changes language at once and keeps it', async () => {
    const { port } = await show();
    await userEvent.click(screen.getByTestId('language-en'));
    await waitFor(() => expect(screen.getByTestId('signin-submit')).toHaveTextContent(en.signin.submit));
    expect(port.current.settings.language).toBe('en');
  });

  it('says what keeps the app from its server before anybody signs in', async () => {
    const { port } = await show();
    port.change({ fault: problem('data_newer') });
    expect(await screen.findByTestId('signin-fault')).toHaveTextContent(fr.errors.data_newer);
  });
});

describe('the server', () => {
  it('is set before the sign-in when it was changed, with its authority', async () => {
    const { port } = await show();
    await userEvent.click(screen.getByTestId('server-open'));
    await userEvent.click(screen.getByTestId('server-remote'));
    await userEvent.type(screen.getByTestId('server-url'), 'https://vigie.test');
    await userEvent.type(screen.getByTestId('server-ca'), '/etc/vigie/ca.pem');
    await signIn('camille', 'juste');
    expect(port.current.settings.server).toEqual({ kind: 'remote', url: 'https://vigie.test' });
    expect(port.current.settings.ca_file).toBe('/etc/vigie/ca.pem');
    expect(port.calls.indexOf('putDeviceSettings')).toBeLessThan(port.calls.indexOf('signIn'));
  });

  it('is left alone when it was not', async () => {
    const { port } = await show();
    await signIn('camille', 'juste');
    expect(port.calls).not.toContain('putDeviceSettings');
  });

  it('keeps the sign-in back when its address is refused', async () => {
    const { port } = await show();
    port.failures.set('putDeviceSettings', problem('address_insecure'));
    await userEvent.click(screen.getByTestId('server-open'));
    await userEvent.click(screen.getByTestId('server-remote'));
    await userEvent.type(screen.getByTestId('server-url'), 'http://vigie.test');
    await signIn('camille', 'juste');
    expect(screen.getByTestId('signin-error')).toHaveTextContent(fr.errors.address_insecure);
    expect(port.signIns).toEqual([]);
  });

  it('is tested on its own, and the outcome is said', async () => {
    const { port } = await show();
    await userEvent.click(screen.getByTestId('server-open'));
    await userEvent.click(screen.getByTestId('server-remote'));
    await userEvent.click(screen.getByTestId('server-test'));
    expect(port.calls).not.toContain('testServer');
    await userEvent.type(screen.getByTestId('server-url'), 'https://vigie.test');
    await userEvent.click(screen.getByTestId('server-test'));
    expect(screen.getByTestId('server-test-outcome')).toHaveTextContent(fr.server.testOk);
    port.failures.set('testServer', problem('not_vigie'));
    await userEvent.click(screen.getByTestId('server-test'));
    expect(screen.getByTestId('server-test-outcome')).toHaveTextContent(fr.errors.not_vigie);
  });
});
