import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { fakeCategories, FakePort, problem, view } from '../shell/fake';
import type { TicketDraft } from '../shell/port';
import Toaster from '../widgets/Toaster.svelte';
import { fr } from '../words/fr';
import { Ticket } from './ticket.svelte';
import Till from './Till.svelte';

async function show(draft: TicketDraft | null = null): Promise<{ port: FakePort; ticket: Ticket; app: App }> {
  const port = new FakePort(view());
  port.draft = draft;
  const app = new App(port);
  await app.start();
  const ticket = new Ticket(port);
  await ticket.load();
  render(Toaster);
  render(Till, { app, ticket });
  await screen.findByTestId('category-0');
  return { port, ticket, app };
}

const plain = (id: string): string =>
  (screen.getByTestId(id).textContent ?? '').replace(/[\u00a0\u202f\s]+/g, ' ').trim();

const kept = (place: Partial<TicketDraft['place']>): TicketDraft => ({
  id: '01900000-0000-7000-8000-000000000999',
  lines: [
    {
      id: 'l1',
      category_id: fakeCategories[0]!.id,
      category_name: 'Livres',
      quantity: 3,
      weight_grams: 0,
      unit_price_cents: 100,
    },
    {
      id: 'l2',
      category_id: fakeCategories[1]!.id,
      category_name: 'Vaisselle',
      quantity: 1,
      weight_grams: 500,
      unit_price_cents: 150,
    },
  ],
  payments: [],
  note: '',
  tendered_cents: null,
  place: { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null, ...place },
});

describe('the till', () => {
  it('shows at once what an administrator changed, and keeps the ticket in hand as it is', async () => {
    const { port, ticket } = await show(kept({}));
    const books = port.shop.categories[0]!;
    await port.changeCategory(books.category_id, { archived: true });
    await port.addCategory({ name: 'Skis', price_cents: 2_000, shortcut: 'k' });
    await waitFor(() => expect(screen.getByTestId('category-0')).toHaveTextContent('Vaisselle'));
    expect(screen.getByText('Skis')).toBeInTheDocument();
    for (const tile of screen.getAllByTestId(/^category-\d+$/)) expect(tile).not.toHaveTextContent('Livres');
    expect(screen.getByTestId('line-0')).toHaveTextContent('Livres');
    expect(ticket.draft.lines[0]).toMatchObject({ category_id: books.category_id, quantity: 3 });
    await port.changeCategory(books.category_id, { archived: false });
    await waitFor(() => expect(screen.getByTestId('category-0')).toHaveTextContent('Livres'));
  });

  it('asks for its goods once the password is the operator’s own', async () => {
    const port = new FakePort(view({ operator: { ...view().operator!, must_change_password: true } }));
    const app = new App(port);
    await app.start();
    render(Till, { app, ticket: new Ticket(port) });
    await tick();
    expect(port.calls).not.toContain('categories');
    app.taken(await port.changePassword('donné', 'une phrase à soi'));
    expect(await screen.findByTestId('category-0')).toBeInTheDocument();
  });

  it('keeps its tiles over a session that ends and begins again', async () => {
    const { port } = await show();
    let fewest = Infinity;
    const watch = new MutationObserver(() => {
      fewest = Math.min(fewest, screen.queryAllByTestId(/^category-\d+$/).length);
    });
    watch.observe(document.body, { childList: true, subtree: true });
    port.change({}, { phase: 'ended', banner: { kind: 'ended', reason: 'revoked' }, severity: 'error' });
    await tick();
    port.change(
      { operator: { ...view().operator!, organization_id: null } },
      { phase: 'signed_in', banner: { kind: 'hidden' }, severity: 'hidden' },
    );
    await tick();
    port.change({ operator: view().operator });
    await waitFor(() => expect(port.calls.filter((call) => call === 'categories').length).toBeGreaterThan(1));
    await tick();
    watch.disconnect();
    expect(screen.getAllByTestId(/^category-\d+$/)).toHaveLength(fakeCategories.length);
    expect(fewest).toBeGreaterThanOrEqual(fakeCategories.length);
  });

  it('has the focus in the search field, and gives it back after a tile', async () => {
    await show();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('search')));
    await userEvent.click(screen.getByTestId('category-0'));
    expect(document.activeElement).toBe(screen.getByTestId('search'));
    expect(plain('line-0')).toContain('Livres');
    expect(plain('total')).toBe('1,00 €');
  });

  it('adds by key and Enter, by a piece of the name, and by Alt and the key', async () => {
    await show();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('search')));
    await userEvent.keyboard('v{Enter}');
    await userEvent.keyboard('chauss{Enter}');
    await userEvent.keyboard('{Alt>}j{/Alt}');
    expect(['line-0', 'line-1', 'line-2'].map((id) => plain(id).split(' ')[0])).toEqual([
      'Vaisselle',
      'Chaussures',
      'Jouets',
    ]);
    expect(screen.getByTestId('search')).toHaveValue('');
  });

  it('says so when nothing fits, and keeps what was typed', async () => {
    const { ticket } = await show();
    await userEvent.type(screen.getByTestId('search'), '3760123{Enter}');
    expect(screen.getByTestId('toast')).toHaveTextContent(fr.till.nothing('3760123'));
    expect(screen.getByTestId('search')).toHaveValue('3760123');
    expect(ticket.empty).toBe(true);
  });

  it('takes a key typed anywhere into the search field', async () => {
    await show();
    screen.getByTestId('pay').blur();
    (document.activeElement as HTMLElement).blur();
    await userEvent.keyboard('l');
    expect(document.activeElement).toBe(screen.getByTestId('search'));
  });

  it('asks for the price of what has none', async () => {
    const { ticket } = await show();
    await userEvent.click(screen.getByRole('button', { name: /Meubles/ }));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('line-price')));
    await userEvent.keyboard('45,5{Enter}');
    expect(ticket.total_cents).toBe(4_550);
    expect(screen.queryByTestId('line-sheet')).toBeNull();
    expect(plain('total')).toBe('45,50 €');
  });

  it('edits quantity, weight in grams and price on the keys of the screen', async () => {
    const { ticket } = await show();
    await userEvent.click(screen.getByTestId('category-0'));
    await userEvent.click(screen.getByTestId('line-0'));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('line-quantity')));
    await userEvent.click(screen.getByTestId('key-1'));
    await userEvent.click(screen.getByTestId('key-2'));
    expect(screen.getByTestId('line-quantity')).toHaveValue('12');
    await userEvent.click(screen.getByTestId('line-weight'));
    for (const key of ['1', 'decimal', '2', '5']) await userEvent.click(screen.getByTestId(`key-${key}`));
    expect(screen.getByTestId('line-weight')).toHaveValue('1,25');
    await userEvent.click(screen.getByTestId('line-price'));
    await userEvent.keyboard('{Control>}a{/Control}0,7');
    expect(ticket.draft.lines[0]).toMatchObject({ quantity: 12, weight_grams: 1_250, unit_price_cents: 70 });
    await userEvent.click(screen.getByTestId('line-done'));
    expect(plain('line-0')).toContain('12 × 0,70 €');
    expect(plain('line-0')).toContain('1,250 kg');
  });

  it('does not let a value out of range through, and says the range', async () => {
    const { ticket } = await show();
    await userEvent.click(screen.getByTestId('category-0'));
    await userEvent.click(screen.getByTestId('line-0'));
    const quantity = await screen.findByTestId('line-quantity');
    await userEvent.clear(quantity);
    await userEvent.type(quantity, '0{Enter}');
    expect(screen.getByText(fr.line.quantityRange)).toBeInTheDocument();
    expect(screen.getByTestId('line-sheet')).toBeInTheDocument();
    expect(ticket.draft.lines[0]?.quantity).toBe(1);
  });

  it('takes a line away at once and brings it back on "undo"', async () => {
    const { ticket } = await show(kept({}));
    await userEvent.click(screen.getByTestId('line-0'));
    await userEvent.click(await screen.findByTestId('line-remove'));
    expect(ticket.draft.lines.map((line) => line.id)).toEqual(['l2']);
    await userEvent.click(screen.getByTestId('toast-undo'));
    expect(ticket.draft.lines.map((line) => line.id)).toEqual(['l1', 'l2']);
  });

  it('asks for the goods again when the server is back', async () => {
    const { port } = await show();
    const asked = (): number => port.calls.filter((call) => call === 'categories').length;
    const before = asked();
    port.change({}, { connection: { kind: 'lost', trouble: 'offline' } });
    await tick();
    expect(asked()).toBe(before);
    port.change({}, { connection: { kind: 'online' } });
    await waitFor(() => expect(asked()).toBe(before + 1));
  });

  it('says what keeps the work from the disk', async () => {
    const { port } = await show();
    port.change({ work: { ...port.current.work, fault: problem('disk_full') } });
    expect(await screen.findByTestId('work-fault')).toHaveTextContent(fr.errors.disk_full);
  });
});

describe('paying', () => {
  it('in cash gives the change, hands the sale over and begins a new ticket', async () => {
    const { port } = await show(kept({}));
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-cash'));
    await userEvent.click(screen.getByTestId('pay-quick-20'));
    expect(plain('change-due')).toBe('15,50 €');
    await userEvent.click(screen.getByTestId('pay-confirm'));
    await waitFor(() => expect(port.finished).toHaveLength(1));
    expect(port.finished[0]).toMatchObject({
      payments: [{ method: 'cash', amount_cents: 450 }],
      tendered_cents: 2_000,
    });
    expect(plain('last-change')).toBe('15,50 €');
    expect(screen.queryByTestId('line-0')).toBeNull();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('search')));
  });

  it('adds note to note', async () => {
    await show(kept({}));
    await userEvent.keyboard('{F2}');
    await screen.findByTestId('pay-amount');
    await userEvent.click(screen.getByTestId('pay-quick-5'));
    await userEvent.click(screen.getByTestId('pay-quick-10'));
    expect(screen.getByTestId('pay-amount')).toHaveValue('15,00');
    await userEvent.click(screen.getByTestId('pay-exact'));
    expect(plain('change-due')).toBe('0,00 €');
    await userEvent.click(screen.getByTestId('pay-quick-50'));
    expect(screen.getByTestId('pay-amount')).toHaveValue('50,00');
  });

  it('by card takes the exact amount with one press', async () => {
    const { port } = await show(kept({}));
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-card'));
    await userEvent.click(screen.getByTestId('pay-confirm'));
    await waitFor(() => expect(port.finished).toHaveLength(1));
    expect(port.finished[0]).toMatchObject({ payments: [{ method: 'card', amount_cents: 450 }], tendered_cents: null });
  });

  it('splits: a part by cheque, the rest in cash with change', async () => {
    const { port } = await show(kept({}));
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-cheque'));
    await userEvent.type(screen.getByTestId('pay-amount'), '4{Enter}');
    expect(plain('pay-due')).toBe('0,50 €');
    expect(port.finished).toHaveLength(0);
    await userEvent.click(screen.getByTestId('pay-cash'));
    await userEvent.type(screen.getByTestId('pay-amount'), '1{Enter}');
    await waitFor(() => expect(port.finished).toHaveLength(1));
    expect(port.finished[0]?.payments).toEqual([
      { method: 'cheque', amount_cents: 400 },
      { method: 'cash', amount_cents: 50 },
    ]);
    expect(plain('last-change')).toBe('0,50 €');
  });

  it('takes no more by card than is due', async () => {
    const { port } = await show(kept({}));
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-card'));
    await userEvent.type(screen.getByTestId('pay-amount'), '5{Enter}');
    expect(screen.getByTestId('pay-problem')).toBeInTheDocument();
    expect(screen.getByTestId('pay-confirm')).toHaveAttribute('aria-disabled', 'true');
    expect(port.finished).toHaveLength(0);
  });

  it('keeps the ticket and says why when it cannot be finished', async () => {
    const { port, ticket } = await show(kept({}));
    port.failures.set('ticketFinish', problem('disk_full'));
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-confirm'));
    expect(await screen.findByTestId('pay-problem')).toHaveTextContent(fr.errors.disk_full);
    expect(ticket.draft.lines).toHaveLength(2);
  });

  it('closes on Escape and leaves the ticket as it was', async () => {
    const { ticket } = await show(kept({}));
    await userEvent.click(screen.getByTestId('pay'));
    await screen.findByTestId('pay-amount');
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByTestId('pay-sheet')).toBeNull();
    expect(ticket.draft.lines).toHaveLength(2);
  });
});

describe('coming back to a ticket', () => {
  it('finds the text in the search field and the cursor in it', async () => {
    await show(kept({ field: 'search', typed: 'livr', cursor: 2 }));
    const search = screen.getByTestId<HTMLInputElement>('search');
    expect(search).toHaveValue('livr');
    expect(document.activeElement).toBe(search);
    expect(search.selectionStart).toBe(2);
  });

  it('finds the line being edited with its half-typed weight', async () => {
    await show(kept({ field: 'line-weight', line_id: 'l2', typed: '1,', cursor: 2 }));
    const weight = await screen.findByTestId<HTMLInputElement>('line-weight');
    expect(weight).toHaveValue('1,');
    await waitFor(() => expect(document.activeElement).toBe(weight));
    expect(weight.selectionStart).toBe(2);
  });

  it('finds the payment being taken', async () => {
    await show(kept({ screen: 'pay', field: 'pay-cash', typed: '2', cursor: 1 }));
    const amount = await screen.findByTestId<HTMLInputElement>('pay-amount');
    expect(amount).toHaveValue('2');
    await waitFor(() => expect(document.activeElement).toBe(amount));
  });

  it('finds the note with the cursor in it', async () => {
    const draft = kept({ field: 'note', typed: 'fêlé', cursor: 1 });
    draft.note = 'fêlé';
    await show(draft);
    const note = screen.getByTestId<HTMLTextAreaElement>('note');
    expect(document.activeElement).toBe(note);
    expect(note.selectionStart).toBe(1);
  });

  it('hands every place over as it changes', async () => {
    const { port, ticket } = await show(kept({}));
    await userEvent.type(screen.getByTestId('search'), 'cha');
    await ticket.flush();
    expect(port.draft?.place).toMatchObject({ screen: 'till', field: 'search', typed: 'cha', cursor: 3 });
    await userEvent.click(screen.getByTestId('line-1'));
    await screen.findByTestId('line-sheet');
    await ticket.flush();
    expect(port.draft?.place.line_id).toBe('l2');
  });
});

it('the till says that its goods are a kept copy where the server could not be asked', async () => {
  const port = new FakePort(view({}, { connection: { kind: 'lost', trouble: 'offline' } }));
  const app = new App(port);
  await app.start();
  render(Till, { app, ticket: new Ticket(port) });
  expect(await screen.findByTestId('categories-cached')).toHaveTextContent(fr.till.fromCache);
  expect(screen.getByTestId('category-0')).toBeInTheDocument();
});
