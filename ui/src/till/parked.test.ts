import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import Window from '../App.svelte';
import { App } from '../session/app.svelte';
import { fakeCategories, FakePort, problem, view } from '../shell/fake';
import type { TicketDraft } from '../shell/port';
import { fr } from '../words/fr';
import { fr as parked } from '../words/parked.fr';
import { usualName } from './shelf';
import { Ticket } from './ticket.svelte';

const books = fakeCategories[0]!;
const dishes = fakeCategories[1]!;

const draft = (id: string, place: Partial<TicketDraft['place']> = {}): TicketDraft => ({
  id,
  lines: [
    {
      id: `${id}-1`,
      category_id: books.id,
      category_name: 'Livres',
      quantity: 3,
      weight_grams: 0,
      unit_price_cents: 100,
    },
  ],
  payments: [],
  note: '',
  tendered_cents: null,
  place: { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null, ...place },
});

async function loaded(kept: TicketDraft | null = null): Promise<{ port: FakePort; ticket: Ticket }> {
  const port = new FakePort();
  port.draft = kept;
  const ticket = new Ticket(port);
  await ticket.load();
  return { port, ticket };
}

const plain = (text: string | null | undefined): string => (text ?? '').replace(/[\u00a0\u202f\s]+/g, ' ').trim();

describe('a ticket', () => {
  it('goes on the shelf as it is, and nothing written late brings it back', async () => {
    const { port, ticket } = await loaded();
    ticket.add(books);
    const { id } = ticket.draft;
    const answer = await ticket.park('Mme Petit');
    expect(answer.status).toBe('ok');
    expect(port.tickets.shelf[0]).toMatchObject({ name: 'Mme Petit', draft: { id } });
    expect(port.tickets.shelf[0]?.draft.lines).toHaveLength(1);
    expect(ticket.empty).toBe(true);
    expect(ticket.draft.id).not.toBe(id);
    const puts = port.puts.length;
    await ticket.flush();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(port.puts).toHaveLength(puts);
  });

  it('stays in hand, with its changes, where the shell does not park it', async () => {
    const { port, ticket } = await loaded();
    ticket.add(books);
    port.failures.set('ticketPark', problem('disk_full'));
    const answer = await ticket.park('Mme Petit');
    expect(answer).toMatchObject({ status: 'error', error: { code: 'disk_full' } });
    expect(ticket.draft.lines).toHaveLength(1);
    await ticket.flush();
    expect(port.puts.at(-1)?.lines).toHaveLength(1);
  });

  it('keeps lines that come while the shell parks, on the next one', async () => {
    const { port, ticket } = await loaded();
    ticket.add(books);
    let release = (): void => undefined;
    const real = port.ticketPark.bind(port);
    vi.spyOn(port, 'ticketPark').mockImplementation(async (asked) => {
      await new Promise<void>((resolve) => (release = resolve));
      return real(asked);
    });
    const parking = ticket.park('un');
    await tick();
    ticket.add(dishes);
    release();
    await parking;
    expect(ticket.draft.lines.map((line) => line.category_name)).toEqual(['Vaisselle']);
    expect(port.tickets.shelf[0]?.draft.lines.map((line) => line.category_name)).toEqual(['Livres']);
    await ticket.flush();
    expect(port.draft?.lines).toHaveLength(1);
  });

  it('comes back with its place; what was in hand goes on the shelf, unless it is blank', async () => {
    const { port, ticket } = await loaded();
    port.tickets.park({ draft: draft('a', { field: 'note', cursor: 4, scroll: 120 }), name: 'un' });
    const before = ticket.epoch;
    const bring = (inHand: Parameters<typeof port.ticketTakeUp>[1]) => port.ticketTakeUp('a', inHand);
    await ticket.takeUp('rien', bring);
    expect(ticket.draft.place).toMatchObject({ field: 'note', cursor: 4, scroll: 120 });
    expect(ticket.epoch).toBe(before + 1);
    expect(port.tickets.shelf).toHaveLength(0);

    port.tickets.park({ draft: draft('b', { screen: 'tickets' }), name: 'deux' });
    await ticket.takeUp('15:00 · Livres', (inHand) => port.ticketTakeUp('b', inHand));
    expect(port.tickets.shelf.map((each) => each.name)).toEqual(['15:00 · Livres']);
    expect(ticket.draft.place.screen).toBe('till');

    const gone = await ticket.takeUp('x', (inHand) => port.ticketTakeUp('nowhere', inHand));
    expect(gone).toMatchObject({ status: 'error', error: { code: 'ticket_not_found' } });
    expect(ticket.draft.id).toBe('b');
  });

  it('is called by the time and its first category, within bounds', () => {
    expect(usualName(draft('a'), '14:32')).toBe('14:32 · Livres');
    expect(usualName({ ...draft('a'), lines: [] }, '14:32')).toBe('14:32');
    const long = draft('a');
    long.lines[0]!.category_name = 'É'.repeat(90);
    expect([...usualName(long, '14:32')]).toHaveLength(60);
  });
});

async function show(kept: TicketDraft | null = draft('a')): Promise<FakePort> {
  const port = new FakePort(view());
  port.draft = kept;
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await screen.findByTestId('category-0');
  return port;
}

describe('on the till', () => {
  it('a ticket is parked under the usual name or a typed one, and an empty one begins', async () => {
    const port = await show();
    await screen.findByTestId('line-0');
    expect(screen.queryByTestId('parked-open')).toBeNull();
    await userEvent.click(screen.getByTestId('park'));
    const name = await screen.findByTestId('park-name');
    expect(name).toHaveFocus();
    expect((name as HTMLInputElement).value).toMatch(/^\d\d:\d\d · Livres$/);
    await userEvent.clear(name);
    await userEvent.type(name, 'Mme Petit{Enter}');
    await waitFor(() => expect(screen.queryByTestId('park-dialog')).toBeNull());
    expect(port.tickets.shelf[0]?.name).toBe('Mme Petit');
    expect(screen.queryByTestId('line-0')).toBeNull();
    expect(screen.queryByTestId('park')).toBeNull();
    expect(screen.getByTestId('parked-open')).toHaveTextContent(fr.till.parked(1));
    await waitFor(() => expect(screen.getByTestId('search')).toHaveFocus());
  });

  it('says why a ticket is not parked, and keeps it', async () => {
    const port = await show();
    await screen.findByTestId('line-0');
    port.failures.set('ticketPark', problem('disk_full'));
    await userEvent.keyboard('{F6}');
    await userEvent.click(await screen.findByTestId('park-submit'));
    expect(await screen.findByTestId('park-problem')).toHaveTextContent(fr.errors.disk_full);
    await userEvent.click(screen.getByTestId('park-cancel'));
    expect(screen.getByTestId('line-0')).toBeInTheDocument();
  });

  it('the list tells name, lines, sum and time; one is taken up for the one in hand', async () => {
    const port = await show();
    port.tickets.park({ draft: draft('b'), name: 'Vélo bleu' });
    port.tickets.park({ draft: draft('c'), name: 'Scellé' });
    port.tickets.sealed.add('c');
    port.change({ work: { ...port.current.work, parked: 2 } });
    await screen.findByTestId('parked-open');
    await userEvent.keyboard('{F7}');
    const [first, second] = await screen.findAllByTestId('parked-ticket');
    expect(plain(first?.textContent)).toMatch(/^Vélo bleu 3,00 € 1 ligne · mis de côté à \d\d:\d\d/);
    expect(plain(second?.textContent)).toContain(parked.sealed);
    expect(within(second!).queryByTestId('parked-take')).toBeNull();
    expect(screen.getByTestId('parked-sheet')).toContainElement(document.activeElement as HTMLElement);
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('parked-sheet')).toBeNull());
    await waitFor(() => expect(screen.getByTestId('search')).toHaveFocus());
    await userEvent.keyboard('{F7}');
    await userEvent.click((await screen.findAllByTestId('parked-take'))[0]!);
    await waitFor(() => expect(screen.queryByTestId('parked-sheet')).toBeNull());
    expect(port.draft?.id).toBe('b');
    expect(port.tickets.shelf.map((each) => each.draft.id)).toEqual(['c', 'a']);
    expect(await screen.findByTestId('toast')).toHaveTextContent('Vélo bleu');
  });

  it('one is thrown away only after a second press', async () => {
    const port = await show(null);
    port.tickets.park({ draft: draft('b'), name: 'Vélo bleu' });
    port.change({ work: { ...port.current.work, parked: 1 } });
    await userEvent.click(await screen.findByTestId('parked-open'));
    await userEvent.click(await screen.findByTestId('parked-discard'));
    expect(plain((await screen.findByTestId('discard-confirm')).textContent)).toContain('« Vélo bleu », 3,00 €');
    await userEvent.click(screen.getByTestId('discard-confirm-no'));
    expect(port.tickets.shelf).toHaveLength(1);
    await userEvent.click(screen.getByTestId('parked-discard'));
    await userEvent.click(await screen.findByTestId('discard-confirm-yes'));
    expect(await screen.findByTestId('parked-none')).toBeInTheDocument();
    expect(port.tickets.shelf).toHaveLength(0);
  });

  it('nothing is parked while acting as somebody else', async () => {
    const port = await show();
    port.tickets.park({ draft: draft('b'), name: 'Vélo bleu' });
    port.change({ work: { ...port.current.work, parked: 1 } });
    await screen.findByTestId('parked-open');
    port.impersonate('dominique', 'o1', 'Le nom du site est faux', Date.now());
    await waitFor(() => expect(screen.queryByTestId('parked-open')).toBeNull());
    await userEvent.click(await screen.findByTestId('category-0'));
    expect(screen.queryByTestId('park')).toBeNull();
    await userEvent.keyboard('{F6}{F7}');
    expect(screen.queryByTestId('park-dialog')).toBeNull();
    expect(screen.queryByTestId('parked-sheet')).toBeNull();
  });
});

describe('leaving', () => {
  it('is guarded by parked tickets, with their number', async () => {
    const port = await show(null);
    for (const id of ['b', 'c']) port.tickets.park({ draft: draft(id), name: id });
    port.change({ work: { ...port.current.work, parked: 2 } });
    await userEvent.click(screen.getByTestId('menu'));
    await userEvent.click(screen.getByTestId('signout'));
    const dialog = await screen.findByTestId('guard-dialog');
    expect(dialog).toHaveTextContent(fr.guard.parked(2));
    expect(dialog).toHaveTextContent(fr.guard.effectParked);
    expect(port.calls).not.toContain('signOut');
    await userEvent.click(screen.getByTestId('guard-stay'));
    port.change({ close_asked: true });
    expect(await screen.findByTestId('guard-parked')).toHaveTextContent('2');
  });
});
