import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import Window from '../App.svelte';
import { FakePort, problem, view } from '../shell/fake';
import { fr } from '../words/office.fr';
import { App } from './app.svelte';

async function show(): Promise<FakePort> {
  const port = new FakePort(view({ operator: null, first_operator_needed: true }, { phase: 'signed_out' }));
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await screen.findByTestId('screen-first');
  return port;
}

async function fill(password: string): Promise<void> {
  await userEvent.type(screen.getByTestId('first-organization'), ' La Boucle ');
  await userEvent.type(screen.getByTestId('first-display-name'), 'Camille Moreau');
  await userEvent.type(screen.getByTestId('first-username'), 'camille');
  await userEvent.type(screen.getByTestId('first-password'), `${password}{Enter}`);
}

describe('the first account', () => {
  it('is made from four fields and leads to the till', async () => {
    const port = await show();
    await fill('phare de nuit');
    expect(port.firstOperators).toEqual([['La Boucle', 'camille', 'Camille Moreau', 'phare de nuit']]);
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
  });

  it('wants every name, and a password of eight characters', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('first-submit'));
    expect(screen.getByTestId('first-missing')).toHaveTextContent(fr.first.nameMissing);
    expect(document.activeElement).toBe(screen.getByTestId('first-organization'));
    await fill('court');
    expect(screen.getByTestId('first-error')).toHaveTextContent(fr.first.passwordShort);
    expect(port.firstOperators).toEqual([]);
  });

  it('says so where there is one already', async () => {
    const port = await show();
    port.failures.set('firstOperator', problem('forbidden'));
    await fill('phare de nuit');
    expect(screen.getByTestId('first-error')).toHaveTextContent(fr.first.exists);
  });

  it('is not needed for who has a server: its address is asked for at once', async () => {
    await show();
    await userEvent.click(screen.getByTestId('first-elsewhere'));
    expect(await screen.findByTestId('screen-signin')).toBeInTheDocument();
    expect(screen.getByTestId('server-url')).toBeInTheDocument();
  });

  it('gives way to the ordinary sign-in once it is made', async () => {
    const port = await show();
    port.change({ first_operator_needed: false });
    await waitFor(() => expect(screen.getByTestId('screen-signin')).toBeInTheDocument());
  });
});
