// Parked tickets and refused sales of the shell in memory.

import type { DraftLine, OutboxSale, ParkedTicket, RefusedSale, TicketDraft, TicketToPark } from './port';

interface OnShelf extends TicketToPark {
  at_ms: number;
  mends: string | null;
}

const cents = (draft: TicketDraft): number =>
  draft.lines.reduce((sum, line) => sum + line.quantity * line.unit_price_cents, 0);

export class FakeTickets {
  shelf: OnShelf[] = [];
  /** What refused sales hold, where a test or a demonstration says so. */
  holding = new Map<string, Partial<Pick<RefusedSale, 'lines' | 'payments' | 'note'>>>();
  /** Which refused sale the ticket of this id mends. */
  mending = new Map<string, string>();
  /** Parked tickets that cannot be opened. */
  sealed = new Set<string>();

  park({ draft, name }: TicketToPark, at_ms = Date.now()): void {
    this.shelf = this.shelf.filter((each) => each.draft.id !== draft.id);
    const mends = this.mending.get(draft.id) ?? null;
    this.shelf.push({ draft: structuredClone(draft), name: name.trim(), at_ms, mends });
  }

  list(): ParkedTicket[] {
    return this.shelf.map(({ draft, name, at_ms, mends }) => {
      const shown = !this.sealed.has(draft.id);
      return {
        id: draft.id,
        name: shown ? name : null,
        lines: shown ? draft.lines.length : 0,
        total_cents: shown ? cents(draft) : 0,
        parked_at_ms: at_ms,
        mends: mends !== null,
      };
    });
  }

  take(id: string): TicketDraft | null {
    const found = this.shelf.find((each) => each.draft.id === id);
    this.shelf = this.shelf.filter((each) => each !== found);
    return found ? structuredClone(found.draft) : null;
  }

  review(sale: OutboxSale): RefusedSale {
    const line: DraftLine = {
      id: 'l1',
      category_id: '01900000-0000-7000-8000-000000000099',
      category_name: 'Chaises',
      quantity: 1,
      weight_grams: 4_200,
      unit_price_cents: sale.total_cents,
    };
    return {
      id: sale.id,
      total_cents: sale.total_cents,
      finished_at_ms: sale.finished_at_ms,
      lines: [line],
      payments: [{ method: 'cash', amount_cents: sale.total_cents }],
      note: '',
      refused: sale.refused!,
      is_being_mended: [...this.mending.values()].includes(sale.id),
      ...this.holding.get(sale.id),
    };
  }

  /** The ticket that mends this sale, begun now where none does. */
  mend(sale: OutboxSale, ticketId: string): TicketDraft {
    const { lines, payments, note } = this.review(sale);
    this.mending.set(ticketId, sale.id);
    const place = { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null };
    return structuredClone({ id: ticketId, lines, payments, note, tendered_cents: null, place });
  }
}
