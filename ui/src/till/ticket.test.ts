import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeCategories, FakePort, problem } from '../shell/fake';
import type { TicketDraft } from '../shell/port';
import { Ticket } from './ticket.svelte';

const books = fakeCategories[0]!;
const dishes = fakeCategories[1]!;
const furniture = fakeCategories.find((category) => category.price_cents === null)!;

let port: FakePort;
let ticket: Ticket;

beforeEach(async () => {
  vi.useFakeTimers();
  port = new FakePort();
  ticket = new Ticket(port);
  await ticket.load();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('a change of the ticket', () => {
  it('is handed over after 150 ms of quiet, once', async () => {
    ticket.add(books);
    await pass(149);
    expect(port.puts).toHaveLength(0);
    await pass(1);
    expect(port.puts).toHaveLength(1);
    expect(port.puts[0]?.lines[0]?.category_name).toBe('Livres');
    await pass(5_000);
    expect(port.puts).toHaveLength(1);
  });

  it('is handed over within 250 ms however fast the typing', async () => {
    for (let typed = 0; typed < 30; typed += 1) {
      ticket.setNote('x'.repeat(typed + 1));
      await pass(20);
    }
    expect(port.puts.length).toBeGreaterThanOrEqual(2);
    const first = port.puts[0]!;
    expect(first.note.length).toBeLessThanOrEqual(13);
    await pass(150);
    expect(port.puts.at(-1)?.note).toHaveLength(30);
  });

  it('is handed over at once when asked to', async () => {
    ticket.add(books);
    await ticket.flush();
    expect(port.puts).toHaveLength(1);
    await pass(1_000);
    expect(port.puts).toHaveLength(1);
  });

  it('is not handed over where nothing changed', async () => {
    ticket.setPlace({ screen: 'till' });
    ticket.setTendered(null);
    await ticket.flush();
    await pass(1_000);
    expect(port.puts).toHaveLength(0);
  });

  it('goes by "save" with everything in hand, and takes the place of the pending write', async () => {
    ticket.add(books);
    const answer = await ticket.save();
    expect(answer.status).toBe('ok');
    expect(port.draft?.lines).toHaveLength(1);
    await pass(1_000);
    expect(port.puts).toHaveLength(1);
  });

  it('never overtakes the one before it', async () => {
    const arrived: string[] = [];
    let release: (() => void) | null = null;
    vi.spyOn(port, 'ticketPut').mockImplementation(async (draft: TicketDraft) => {
      if (arrived.length === 0) await new Promise<void>((resolve) => (release = resolve));
      arrived.push(draft.note);
      return { status: 'ok', data: { saved_at_ms: 0 } };
    });
    ticket.setNote('a');
    await pass(150);
    ticket.setNote('ab');
    await pass(150);
    expect(arrived).toEqual([]);
    release!();
    await pass(0);
    expect(arrived).toEqual(['a', 'ab']);
  });

  it('is tried again when the disk did not take it, and the fault is told meanwhile', async () => {
    port.failures.set('ticketPut', problem('disk_full'));
    ticket.add(books);
    await pass(150);
    expect(ticket.fault?.code).toBe('disk_full');
    port.failures.clear();
    await pass(2_000);
    expect(ticket.fault).toBeNull();
    expect(port.puts).toHaveLength(1);
  });
});

describe('lines', () => {
  it('gather pieces of one category until something sets them apart', () => {
    ticket.add(books);
    ticket.add(books);
    expect(ticket.draft.lines).toHaveLength(1);
    expect(ticket.draft.lines[0]?.quantity).toBe(2);
    ticket.set(ticket.draft.lines[0]!.id, 'weight', 1_250);
    ticket.add(books);
    expect(ticket.draft.lines).toHaveLength(2);
    ticket.add(dishes);
    ticket.add(books);
    expect(ticket.draft.lines).toHaveLength(4);
    expect(ticket.total_cents).toBe(2 * 100 + 100 + 150 + 100);
    expect(ticket.pieces).toBe(5);
  });

  it('with an open price stand alone', () => {
    ticket.add(furniture);
    ticket.add(furniture);
    expect(ticket.draft.lines).toHaveLength(2);
  });

  it('stay in their ranges', () => {
    const line = ticket.add(books)!;
    ticket.set(line.id, 'quantity', 0);
    ticket.set(line.id, 'quantity', 10_000);
    ticket.set(line.id, 'weight', 2_000_001);
    ticket.set(line.id, 'price', 10_000_001);
    expect(ticket.draft.lines[0]).toMatchObject({ quantity: 1, weight_grams: 0, unit_price_cents: 100 });
  });

  it('are at most 200', () => {
    for (let index = 0; index < 200; index += 1) expect(ticket.add(furniture)).not.toBeNull();
    expect(ticket.add(furniture)).toBeNull();
  });

  it('come back to their place when taking away is undone', () => {
    ticket.add(books);
    const line = ticket.add(dishes)!;
    ticket.add(furniture);
    const removed = ticket.remove(line.id)!;
    expect(ticket.draft.lines.map((each) => each.category_name)).toEqual(['Livres', furniture.name]);
    ticket.putBack(removed);
    ticket.putBack(removed);
    expect(ticket.draft.lines.map((each) => each.category_name)).toEqual(['Livres', 'Vaisselle', furniture.name]);
  });
});

describe('finishing', () => {
  it('hands over the sale and begins another ticket', async () => {
    ticket.add(books);
    const id = ticket.draft.id;
    await ticket.finish([{ method: 'cash', amount_cents: 100 }], 500, 400);
    expect(port.finished[0]).toMatchObject({
      id,
      tendered_cents: 500,
      payments: [{ method: 'cash', amount_cents: 100 }],
    });
    expect(ticket.draft.id).not.toBe(id);
    expect(ticket.empty).toBe(true);
    expect(ticket.last).toEqual({ total_cents: 100, change_cents: 400 });
  });

  it('leaves no late write of the finished ticket behind it', async () => {
    let release: (() => void) | null = null;
    const finish = port.ticketFinish.bind(port);
    vi.spyOn(port, 'ticketFinish').mockImplementation(async (draft, keeping) => {
      await new Promise<void>((resolve) => (release = resolve));
      return finish(draft, keeping);
    });
    ticket.add(books);
    const finished = ticket.finish([{ method: 'card', amount_cents: 100 }], null, 0);
    await pass(0);
    ticket.setPlace({ cursor: 3 });
    await pass(200);
    release!();
    await finished;
    await pass(5_000);
    expect(port.puts).toHaveLength(0);
    expect(port.draft).toBeNull();
  });

  it('keeps the ticket in hand when it fails', async () => {
    ticket.add(books);
    const id = ticket.draft.id;
    port.failures.set('ticketFinish', problem('disk_full'));
    const answer = await ticket.finish([{ method: 'cash', amount_cents: 100 }], null, 0);
    expect(answer.status).toBe('error');
    expect(ticket.draft.id).toBe(id);
    expect(ticket.draft.lines).toHaveLength(1);
    await pass(150);
    expect(port.puts).toHaveLength(1);
  });
});

describe('another operator', () => {
  it('sees nothing of the ticket, and nothing of it is written in her name', async () => {
    ticket.add(books);
    ticket.forget();
    await pass(5_000);
    expect(ticket.empty).toBe(true);
    expect(port.puts).toHaveLength(0);
  });

  it('is not given the first one’s ticket by a late answer', async () => {
    let answer: ((draft: TicketDraft) => void) | null = null;
    vi.spyOn(port, 'ticketCurrent').mockImplementationOnce(
      () => new Promise((resolve) => (answer = (draft) => resolve({ status: 'ok', data: draft }))),
    );
    const late = ticket.load();
    ticket.forget();
    answer!({ ...ticket.draft, note: 'secret' });
    await late;
    expect(ticket.draft.note).toBe('');
  });
});

it('the journal’s ticket comes back as it was, with its place', async () => {
  port.draft = {
    id: '0190-kept',
    lines: [
      { id: 'l1', category_id: 'c', category_name: 'Livres', quantity: 3, weight_grams: 1_250, unit_price_cents: 100 },
    ],
    payments: [],
    note: 'lampe fêlée',
    tendered_cents: 2_000,
    place: { screen: 'pay', field: 'pay-cash', typed: '20', cursor: 2, scroll: 40, line_id: null },
  };
  await ticket.load();
  expect(JSON.parse(JSON.stringify(ticket.draft))).toEqual(port.draft);
  expect(ticket.loaded).toBe(true);
  await pass(1_000);
  expect(port.puts).toHaveLength(0);
});

describe('while the journal has not said what it keeps', () => {
  const kept: TicketDraft = {
    id: '0190-kept',
    lines: [
      { id: 'l1', category_id: 'c', category_name: 'Livres', quantity: 3, weight_grams: 0, unit_price_cents: 100 },
    ],
    payments: [],
    note: '',
    tendered_cents: null,
    place: { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null },
  };

  it('nothing is written over it, and what was added meanwhile joins it', async () => {
    const late = new Ticket(port);
    port.draft = kept;
    const answer = await port.ticketCurrent();
    let release: (() => void) | null = null;
    vi.spyOn(port, 'ticketCurrent').mockImplementation(
      () => new Promise((resolve) => (release = () => resolve(answer))),
    );
    const loading = late.load();
    late.setPlace({ field: 'search', cursor: 1 });
    late.add(dishes);
    await late.save();
    await pass(5_000);
    expect(port.puts).toHaveLength(0);
    release!();
    await loading;
    await pass(150);
    expect(port.puts.at(-1)).toMatchObject({ id: '0190-kept' });
    expect(port.puts.at(-1)?.lines.map((line) => line.category_name)).toEqual(['Livres', 'Vaisselle']);
  });

  it('it is asked again, and the kept ticket comes once it can be read', async () => {
    const late = new Ticket(port);
    port.draft = kept;
    port.failures.set('ticketCurrent', problem('keychain_locked'));
    await late.load();
    expect(late.fault?.code).toBe('keychain_locked');
    late.setPlace({ cursor: 2 });
    await pass(1_900);
    expect(port.puts).toHaveLength(0);
    port.failures.clear();
    await pass(200);
    expect(late.draft.id).toBe('0190-kept');
    expect(late.fault).toBeNull();
  });

  it('a new ticket is written all the same once it has a line', async () => {
    const late = new Ticket(port);
    port.failures.set('ticketCurrent', problem('keychain_locked'));
    await late.load();
    late.add(books);
    await pass(150);
    expect(port.puts).toHaveLength(1);
  });
});

describe('in memory alone', () => {
  it('a ticket is never written or asked for, whatever happens to it', async () => {
    ticket.add(books);
    await ticket.flush();
    const [puts, calls] = [port.puts.length, port.calls.length];
    ticket.forget('memory');
    expect([ticket.loaded, ticket.empty]).toEqual([true, true]);
    ticket.add(dishes);
    ticket.setNote('x');
    ticket.setPlace({ screen: 'tickets' });
    await pass(5_000);
    await ticket.flush();
    expect([port.puts.length, port.calls.length]).toEqual([puts, calls]);
    ticket.forget();
    await ticket.load();
    expect(ticket.draft.lines.map((line) => line.category_name)).toEqual(['Livres']);
    ticket.add(dishes);
    await pass(150);
    expect(port.puts.at(-1)?.lines).toHaveLength(2);
  });

  it('a ticket that cannot leave stays in hand as it was', async () => {
    ticket.forget('memory');
    ticket.add(dishes);
    const { id } = ticket.draft;
    port.failures.set('ticketFinish', problem('offline'));
    expect((await ticket.finish([{ method: 'cash', amount_cents: 150 }], null, 0)).status).toBe('error');
    await pass(5_000);
    expect(ticket.draft.id).toBe(id);
    expect([ticket.empty, ticket.fault, port.puts.length]).toEqual([false, null, 0]);
  });
});
