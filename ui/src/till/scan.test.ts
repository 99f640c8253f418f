import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import Window from '../App.svelte';
import { ENTER, presses, strike } from '../../tests/keyboards';
import { App } from '../session/app.svelte';
import { FakePort, view } from '../shell/fake';
import type { AppView, SessionView } from '../shell/port';
import { fr } from '../words/fr';
import { fr as office } from '../words/office.fr';

// The test's keys are no device's.
vi.mock(import('../scanning/listen'), async (original) => {
  const { watchScanner } = await original();
  return { watchScanner: (onscan) => watchScanner(onscan, () => true) };
});

let clock = 0;
async function scan(code: string): Promise<void> {
  clock += 10_000;
  for (const press of [...presses(code, 'us', 'fr'), ENTER]) strike(press, (clock += 5));
  await tick();
}

async function show(more: Partial<AppView> = {}, session: Partial<SessionView> = {}): Promise<FakePort> {
  const port = new FakePort(view(more, session));
  const app = new App(port);
  await app.start();
  render(Window, { app });
  // The listener comes once the screen stands.
  await import('../scanning/listen');
  await new Promise((resolve) => setTimeout(resolve, 50));
  return port;
}

const lines = (): string[] => screen.queryAllByTestId(/^line-\d+$/).map((line) => line.textContent ?? '');
const role = (is: 'user' | 'admin'): Partial<AppView> => ({ operator: { ...view().operator!, role: is } });

afterEach(() => void (document.body.innerHTML = ''));

describe('a scan', () => {
  it('adds a piece of the category that has the code, whatever has the focus, and stays in no field', async () => {
    await show();
    const search = (await screen.findByTestId('search')) as HTMLInputElement;
    await screen.findByTestId('category-0');
    search.focus();
    await scan('LAB-0000');
    await waitFor(() => expect(lines()).toHaveLength(1));
    screen.getByTestId('category-0').focus();
    await scan('LAB-0000');
    expect(search.value).toBe('');
    await waitFor(() => expect(lines()[0]).toMatch(/2/));
    expect(lines()).toHaveLength(1);
  });

  it('of an unknown code is told and adds nothing; only who may is offered to assign it', async () => {
    await show(role('user'));
    await screen.findByTestId('category-0');
    await scan('4006381333931');
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.scan.unknown('4006381333931'));
    expect(screen.queryByTestId('toast-undo')).toBeNull();
    expect(lines()).toHaveLength(0);
  });

  it('of an unknown code is assigned to a category by an administrator, beside the codes it has', async () => {
    const port = await show(role('admin'));
    await screen.findByTestId('category-0');
    await scan('4006381333931');
    const press = await screen.findByTestId('toast-undo');
    expect(press).toHaveTextContent(fr.scan.give);
    await userEvent.click(press);
    const books = port.shop.categories[0]!;
    await waitFor(() => expect(screen.getByTestId('give-category')).toContainHTML(books.name));
    await userEvent.selectOptions(screen.getByTestId('give-category'), books.name);
    await userEvent.click(screen.getByTestId('give-save'));
    await waitFor(() => expect(screen.queryByTestId('give-barcode')).toBeNull());
    expect(port.shop.categories[0]!.barcodes).toEqual(['LAB-0000', '4006381333931']);
    expect(screen.getByTestId('toasts')).toHaveTextContent(office.categories.given('4006381333931', books.name));
    await waitFor(async () => {
      await scan('4006381333931');
      expect(lines()).toHaveLength(1);
    });
  });

  it('adds nothing while a line or the payment is open, and says so', async () => {
    await show();
    await screen.findByTestId('category-0');
    await scan('LAB-0000');
    await userEvent.click(await screen.findByTestId('pay'));
    await screen.findByTestId('pay-sheet');
    await scan('LAB-0001');
    expect(await screen.findByTestId('toast')).toHaveTextContent(/n’a pas été ajouté/);
    expect(lines()).toHaveLength(1);
  });

  it('adds nothing behind a dialog', async () => {
    await show();
    await screen.findByTestId('category-0');
    const dialog = document.body.appendChild(document.createElement('dialog'));
    dialog.showModal();
    await scan('LAB-0000');
    expect(lines()).toHaveLength(0);
  });

  it('is ignored on another screen, with a word on it', async () => {
    await show(role('admin'));
    await screen.findByTestId('category-0');
    await userEvent.click(screen.getByTestId('nav-about'));
    await screen.findByTestId('screen-about');
    await scan('LAB-0000');
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.scan.elsewhere);
    await userEvent.click(screen.getByTestId('nav-till'));
    await screen.findByTestId('category-0');
    expect(lines()).toHaveLength(0);
  });

  it('signs nobody in and is never shown where a password is asked for, but can be typed in after all', async () => {
    const port = await show({ operator: null }, { phase: 'signed_out' });
    const password = (await screen.findByTestId('signin-password')) as HTMLInputElement;
    await userEvent.type(screen.getByTestId('signin-username'), 'camille');
    password.focus();
    await scan('Mot-de-passe-42');
    expect(port.current.session.phase).toBe('signed_out');
    const toast = await screen.findByTestId('toast');
    expect(toast).toHaveTextContent(fr.scan.passwordOnly);
    expect(document.body.textContent).not.toContain('Mot-de-passe-42');
    expect(password.value).toBe('');
    await userEvent.click(screen.getByTestId('toast-undo'));
    expect(password.value).not.toBe('');
  });
});
