import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import Window from './App.svelte';
import { App } from './session/app.svelte';
import { FakePort, problem, view } from './shell/fake';
import type { AppView, SessionView, TicketDraft } from './shell/port';
import { fr } from './words/fr';
import { fr as office } from './words/office.fr';

async function show(
  more: Partial<AppView> = {},
  session: Partial<SessionView> = {},
  draft: TicketDraft | null = null,
): Promise<FakePort> {
  const port = new FakePort(view(more, session));
  port.draft = draft;
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await tick();
  return port;
}

const ended: Partial<SessionView> = { phase: 'ended', banner: { kind: 'ended', reason: 'revoked' }, severity: 'error' };

const draft = (): TicketDraft => ({
  id: '01900000-0000-7000-8000-000000000999',
  lines: [{ id: 'l1', category_id: 'c', category_name: 'Livres', quantity: 3, weight_grams: 0, unit_price_cents: 100 }],
  payments: [],
  note: '',
  tendered_cents: null,
  place: { screen: 'till', field: 'search', typed: '', cursor: 0, scroll: 0, line_id: null },
});

const total = (): string => (screen.getByTestId('total').textContent ?? '').replace(/[\u00a0\u202f]/g, ' ');

describe('the window', () => {
  it('shows nothing that would flash away while it starts', async () => {
    const port = await show({}, { phase: 'starting' });
    expect(screen.queryByTestId('screen-signin')).toBeNull();
    expect(screen.queryByTestId('screen-till')).toBeNull();
    port.change({ operator: null }, { phase: 'signed_out' });
    expect(await screen.findByTestId('screen-signin')).toBeInTheDocument();
  });

  it('goes from signing in to the till, with the ticket of the journal', async () => {
    const port = await show({ operator: null }, { phase: 'signed_out' }, draft());
    expect(port.calls).not.toContain('ticketCurrent');
    await userEvent.keyboard('camille{Tab}juste{Enter}');
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
    await waitFor(() => expect(total()).toBe('3,00 €'));
  });

  it('goes back to the screen that was open', async () => {
    const kept = draft();
    kept.place.screen = 'sessions';
    await show({}, {}, kept);
    expect(await screen.findByTestId('screen-sessions')).toBeInTheDocument();
    expect(await screen.findAllByTestId('session-row')).toHaveLength(3);
  });

  it('writes what is pending when it loses the focus', async () => {
    const port = await show({}, {}, draft());
    await userEvent.click(await screen.findByTestId('category-0'));
    const before = port.puts.length;
    await userEvent.click(screen.getByTestId('category-0'));
    dispatchEvent(new Event('blur'));
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(port.puts.slice(before).at(-1)?.lines.at(-1)?.quantity).toBe(2);
  });

  it('saves everything on F9 and says when', async () => {
    const port = await show({}, {}, draft());
    await screen.findByTestId('line-0');
    await userEvent.keyboard('{F9}');
    await waitFor(() => expect(port.calls).toContain('save'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(/Enregistré à \d\d:\d\d/);
  });
});

describe('signing in again over the work', () => {
  it('asks for the password alone, and leaves screen, ticket, field, text and cursor as they were', async () => {
    const port = await show({}, {}, draft());
    const search = await screen.findByTestId<HTMLInputElement>('search');
    await screen.findByTestId('line-0');
    await userEvent.type(search, 'chaus');
    search.setSelectionRange(2, 4);
    port.change({}, ended);
    const password = await screen.findByTestId('relogin-password');
    expect(screen.getByTestId('relogin-username')).toHaveValue('camille');
    expect(screen.getByTestId('relogin-dialog')).toHaveTextContent(fr.banner.ended.revoked);
    expect(document.activeElement).toBe(password);
    const asked = port.calls.filter((call) => call === 'ticketCurrent').length;
    await userEvent.type(password, 'juste{Enter}');
    await waitFor(() => expect(screen.queryByTestId('relogin-dialog')).toBeNull());
    expect(port.signIns).toEqual([['camille', 'juste']]);
    expect(screen.getByTestId('search')).toBe(search);
    expect(document.activeElement).toBe(search);
    expect([search.value, search.selectionStart, search.selectionEnd]).toEqual(['chaus', 2, 4]);
    expect(total()).toBe('3,00 €');
    expect(port.calls.filter((call) => call === 'ticketCurrent')).toHaveLength(asked);
  });

  it('says what went wrong, over the work', async () => {
    await show({}, ended, draft());
    await userEvent.type(await screen.findByTestId('relogin-password'), 'faux{Enter}');
    expect(await screen.findByTestId('relogin-error')).toHaveTextContent(fr.errors.invalid_credentials);
    expect(total()).toBe('3,00 €');
  });

  it('can wait, and comes back from the banner', async () => {
    await show({}, ended, draft());
    await userEvent.click(await screen.findByTestId('relogin-later'));
    expect(screen.queryByTestId('relogin-dialog')).toBeNull();
    expect(screen.getByTestId('banner')).toHaveAttribute('data-state', 'ended');
    await userEvent.click(screen.getByTestId('banner-reconnect'));
    expect(await screen.findByTestId('relogin-dialog')).toBeInTheDocument();
  });

  it('waits for a server that can be reached', async () => {
    const port = await show({}, { ...ended, connection: { kind: 'lost', trouble: 'offline' } }, draft());
    await screen.findByTestId('line-0');
    expect(screen.queryByTestId('relogin-dialog')).toBeNull();
    port.change({}, { connection: { kind: 'online' } });
    expect(await screen.findByTestId('relogin-dialog')).toBeInTheDocument();
  });

  it('saves the work from the dialog', async () => {
    const port = await show({}, ended, draft());
    await userEvent.click(await screen.findByTestId('relogin-save'));
    expect(port.calls).toContain('save');
    expect(await screen.findByTestId('relogin-feedback')).toHaveTextContent(/Enregistré à/);
  });

  it('by somebody else takes the first one’s ticket off the screen and asks for hers', async () => {
    const port = await show({}, {}, draft());
    await screen.findByTestId('line-0');
    port.change({}, ended);
    await userEvent.click(await screen.findByTestId('relogin-other'));
    await userEvent.clear(screen.getByTestId('relogin-username'));
    await userEvent.type(screen.getByTestId('relogin-username'), 'nadia');
    await userEvent.type(screen.getByTestId('relogin-password'), 'juste{Enter}');
    await waitFor(() => expect(screen.queryByTestId('relogin-dialog')).toBeNull());
    expect(screen.queryByTestId('line-0')).toBeNull();
    expect(total()).toBe('0,00 €');
    expect(port.calls.filter((call) => call === 'ticketCurrent')).toHaveLength(2);
    const written = port.puts.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(port.puts.slice(written).every((put) => put.lines.length === 0)).toBe(true);
  });
});

describe('the top bar', () => {
  it('tells the connection as it is, with the time it has lasted', async () => {
    const port = await show();
    const pill = screen.getByTestId('pill');
    expect(pill).toHaveTextContent('En ligne');
    port.change(
      {},
      {
        banner: { kind: 'offline' },
        severity: 'warning',
        connection: { kind: 'lost', trouble: 'offline' },
        since_ms: Date.now() - 134_000,
      },
    );
    await tick();
    expect(pill).toHaveTextContent(/Hors ligne 2:1[45]/);
    port.change({}, { connection: { kind: 'lost', trouble: 'malformed' } });
    await tick();
    expect(pill).toHaveTextContent('Serveur injoignable');
    port.change({}, ended);
    await tick();
    expect(pill).toHaveTextContent('Session fermée');
    port.change({ server: { kind: 'this_device' } }, { phase: 'signed_in', connection: { kind: 'online' } });
    await tick();
    expect(pill).toHaveTextContent('Sur cet appareil');
  });

  it('counts the sales that wait, and leads to them', async () => {
    const port = await show();
    expect(screen.queryByTestId('waiting-count')).toBeNull();
    port.waiting.push({ id: '0190aaaa', total_cents: 1_250, finished_at_ms: Date.now(), refused: null });
    port.waiting.push({
      id: '0190bbbb',
      total_cents: 700,
      finished_at_ms: Date.now(),
      refused: problem('validation_failed'),
    });
    port.change({ work: { ...port.current.work, waiting: 1, refused: 1 } });
    expect(await screen.findByTestId('waiting-count')).toHaveTextContent('1');
    await userEvent.click(screen.getByTestId('waiting'));
    expect(await screen.findByTestId('ticket-waiting')).toHaveTextContent('12,50');
    expect(screen.getByTestId('ticket-refused')).toHaveTextContent(office.tickets.refusedBecause.validation_failed!);
  });

  it('shows what stands between the app and its server', async () => {
    const port = await show();
    port.change({ fault: problem('ca_file_invalid') });
    expect(await screen.findByTestId('app-fault')).toHaveTextContent(fr.errors.ca_file_invalid);
  });

  it('says that all is back after a retry that helped, the banner being gone', async () => {
    const port = await show(
      {},
      { banner: { kind: 'offline' }, severity: 'warning', connection: { kind: 'lost', trouble: 'offline' } },
    );
    port.retryOutcome = 'recovered';
    await userEvent.click(screen.getByTestId('banner-retry'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.banner.retried.recovered);
  });
});

describe('signing out', () => {
  const signOut = async (): Promise<void> => {
    await userEvent.click(screen.getByTestId('menu'));
    await userEvent.click(screen.getByTestId('signout'));
  };

  it('is one press where nothing waits', async () => {
    await show();
    await signOut();
    expect(await screen.findByTestId('screen-signin')).toBeInTheDocument();
  });

  it('is guarded while sales wait, says how many, and lets her stay', async () => {
    const port = await show({ work: { waiting: 3, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
    await signOut();
    expect(await screen.findByTestId('guard-dialog')).toHaveTextContent(fr.guard.waiting(3));
    await userEvent.click(screen.getByTestId('guard-stay'));
    expect(screen.queryByTestId('guard-dialog')).toBeNull();
    expect(port.calls).not.toContain('signOut');
  });

  it('leaves the work on the device when she says so', async () => {
    const port = await show({ work: { waiting: 3, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
    const signedOut = vi.spyOn(port, 'signOut');
    await signOut();
    await userEvent.click(await screen.findByTestId('guard-leave'));
    expect(signedOut).toHaveBeenCalledWith(true);
    expect(await screen.findByTestId('screen-signin')).toBeInTheDocument();
  });

  it('is guarded by an open ticket, and by what only the shell knows of', async () => {
    const port = await show({}, {}, draft());
    await screen.findByTestId('line-0');
    await signOut();
    expect((await screen.findByTestId('guard-dialog')).textContent?.replace(/\u00a0/g, ' ')).toContain(
      'Un ticket de 3,00 € est en cours.',
    );
    await userEvent.click(screen.getByTestId('guard-stay'));
    await userEvent.click(screen.getByTestId('line-0'));
    await userEvent.click(await screen.findByTestId('line-remove'));
    port.failures.set('signOut', problem('work_unsent'));
    await signOut();
    expect(await screen.findByTestId('guard-dialog')).toHaveTextContent(fr.guard.unknown);
  });

  it('of the whole window is asked about when the shell wants to know', async () => {
    const port = await show({ work: { waiting: 1, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
    port.change({ close_asked: true });
    expect(await screen.findByTestId('guard-dialog')).toHaveTextContent(fr.guard.effectClose);
    await userEvent.click(screen.getByTestId('guard-stay'));
    await waitFor(() => expect(screen.queryByTestId('guard-dialog')).toBeNull());
    port.change({ close_asked: true });
    await userEvent.click(await screen.findByTestId('guard-leave'));
    await waitFor(() => expect(port.closeAnswers).toEqual([false, true]));
  });
});

describe('the keyboard', () => {
  it('opens the menu, walks it and leaves it', async () => {
    await show();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('search')));
    screen.getByTestId('menu').focus();
    await userEvent.keyboard('{Enter}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('menu-shortcuts')));
    await userEvent.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(screen.getByTestId('menu-password'));
    await userEvent.keyboard('{End}');
    expect(document.activeElement).toBe(screen.getByTestId('signout'));
    await userEvent.keyboard('{Escape}');
    expect(document.activeElement).toBe(screen.getByTestId('menu'));
    expect(screen.queryByTestId('signout')).toBeNull();
  });

  it('changes screens and shows its list of shortcuts', async () => {
    await show();
    await userEvent.keyboard('{Control>}[Digit4]{/Control}');
    expect(await screen.findByTestId('screen-sessions')).toBeInTheDocument();
    await userEvent.keyboard('{F1}');
    expect(await screen.findByTestId('shortcuts-dialog')).toHaveTextContent('F9');
  });
});
