// The ticket in hand: every change of it is handed to the shell within a quarter of a second.

import type {
  Answer,
  AppView,
  Category,
  DraftLine,
  DraftPayment,
  Place,
  Port,
  Saved,
  TicketDraft,
  TicketKeeping,
  TicketToPark,
  UiError,
} from '../shell/port';
import { type LineField, lineFields, MAX_LINES, MAX_NOTE_CHARS, totalCents } from './amounts';
import { dueCents } from './payment';
import { uuid7 } from './uuid';

const QUIET_MS = 150;
const LONGEST_WAIT_MS = 250;
const AGAIN_MS = 2_000;

const nowhere = (): Place => ({ screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null });

const fresh = (): TicketDraft => ({
  id: uuid7(),
  lines: [],
  payments: [],
  note: '',
  tendered_cents: null,
  place: nowhere(),
});

/** A line that was taken away, and where it stood. */
export interface Removed {
  line: DraftLine;
  index: number;
}

export class Ticket {
  draft = $state<TicketDraft>(fresh());
  /** Whether the shell has said what ticket there was. */
  loaded = $state(false);
  /** Why the last change is not on disk. */
  fault = $state.raw<UiError | null>(null);
  /** The sale finished last, for the change to be given back. */
  last = $state.raw<{ total_cents: number; change_cents: number } | null>(null);
  /** Grows when another ticket takes the place of this one, so that screens look anew at the place. */
  epoch = $state(0);

  readonly total_cents = $derived(totalCents(this.draft.lines));
  readonly due_cents = $derived(dueCents(this.total_cents, this.draft.payments));
  readonly pieces = $derived(this.draft.lines.reduce((sum, line) => sum + line.quantity, 0));

  #port: Port;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #firstChange_ms: number | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #life = 0;
  #reload: ReturnType<typeof setTimeout> | null = null;
  /** Whether the kept ticket could not be read: then a new one is written once it has a line. */
  #unreadable = false;
  #keeping: TicketKeeping = 'journal';

  constructor(port: Port) {
    this.#port = port;
  }

  get empty(): boolean {
    return this.draft.lines.length === 0;
  }

  /** Brings back the ticket that the journal kept, if there is one. */
  async load(): Promise<void> {
    const life = ++this.#life;
    const answer = await this.#port.ticketCurrent();
    if (life !== this.#life) return;
    if (answer.status === 'error') {
      this.fault = answer.error;
      this.#unreadable = true;
      this.#reload = setTimeout(() => this.empty && void this.load(), AGAIN_MS);
      return;
    }
    const early = this.draft.lines;
    if (answer.data) {
      this.draft = { ...answer.data, lines: [...answer.data.lines, ...early] };
      this.epoch += 1;
    }
    this.fault = null;
    this.#unreadable = false;
    this.loaded = true;
    if (early.length > 0) this.#changed();
  }

  /** Drops the ticket from the screen without a word to the journal: it belongs to somebody else. The next one is kept in `next`. */
  forget(next: TicketKeeping = 'journal'): void {
    this.#life += 1;
    this.#cancel();
    if (this.#reload !== null) clearTimeout(this.#reload);
    this.#unreadable = false;
    this.draft = fresh();
    this.fault = null;
    this.last = null;
    this.#keeping = next;
    this.loaded = next === 'memory';
    this.epoch += 1;
  }

  /** Adds a piece of `category` and returns its line; nothing where the ticket is full. */
  add(category: Category): DraftLine | null {
    const price = category.price_cents;
    const above = this.draft.lines.at(-1);
    this.last = null;
    if (
      above &&
      price !== null &&
      above.category_id === category.id &&
      above.unit_price_cents === price &&
      above.weight_grams === 0 &&
      above.quantity < lineFields.quantity.high
    ) {
      above.quantity += 1;
      this.#changed();
      return above;
    }
    if (this.draft.lines.length >= MAX_LINES) return null;
    this.draft.lines.push({
      id: uuid7(),
      category_id: category.id,
      category_name: category.name,
      quantity: 1,
      weight_grams: 0,
      unit_price_cents: price ?? 0,
    });
    this.#changed();
    return this.draft.lines.at(-1) ?? null;
  }

  set(line_id: string, field: LineField, value: number): void {
    const line = this.draft.lines.find((each) => each.id === line_id);
    const rule = lineFields[field];
    if (!line || line[rule.of] === value || value < rule.low || value > rule.high) return;
    line[rule.of] = value;
    this.#changed();
  }

  remove(line_id: string): Removed | null {
    const index = this.draft.lines.findIndex((line) => line.id === line_id);
    const line = this.draft.lines[index];
    if (!line) return null;
    this.draft.lines.splice(index, 1);
    this.#changed();
    return { line: $state.snapshot(line), index };
  }

  putBack({ line, index }: Removed): void {
    if (this.draft.lines.some((each) => each.id === line.id)) return;
    this.draft.lines.splice(Math.min(index, this.draft.lines.length), 0, line);
    this.#changed();
  }

  setNote(note: string): void {
    this.draft.note = note.slice(0, MAX_NOTE_CHARS);
    this.#changed();
  }

  setTendered(cents: number | null): void {
    if (this.draft.tendered_cents === cents) return;
    this.draft.tendered_cents = cents;
    this.#changed();
  }

  addPart(payment: DraftPayment): void {
    this.draft.payments.push(payment);
    this.draft.tendered_cents = null;
    this.#changed();
  }

  removePart(index: number): void {
    this.draft.payments.splice(index, 1);
    this.#changed();
  }

  /** Where the operator is. Kept with the ticket, and written only when it moved. */
  setPlace(place: Partial<Place>): void {
    const now = this.draft.place;
    const next = { ...now, ...place };
    if ((Object.keys(next) as (keyof Place)[]).every((key) => next[key] === now[key])) return;
    this.draft.place = next;
    this.#changed();
  }

  /** Writes at once what a timer would have written soon. */
  async flush(): Promise<void> {
    if (this.#timer === null) {
      await this.#queue;
      return;
    }
    this.#cancel();
    await this.#put();
  }

  /** Writes everything in hand now and says when it was on disk. */
  async save(): Promise<Answer<Saved>> {
    this.#cancel();
    const draft = this.#mayWrite() ? this.#copy() : null;
    const answer = await this.#inTurn(() => this.#port.save(draft));
    this.fault = answer.status === 'error' ? answer.error : null;
    return answer;
  }

  /** Hands the ticket over as a sale and begins a new one; the ticket stays in hand where that fails. */
  async finish(
    payments: DraftPayment[],
    tendered_cents: number | null,
    change_cents: number,
  ): Promise<Answer<AppView>> {
    this.#cancel();
    const total_cents = this.total_cents;
    const draft: TicketDraft = { ...this.#copy(), payments: $state.snapshot(payments), tendered_cents };
    const life = this.#life;
    const keeping = this.#keeping;
    return this.#inTurn(async () => {
      const answer = await this.#port.ticketFinish(draft, keeping);
      if (life !== this.#life) return answer;
      if (answer.status === 'error') {
        this.#changed();
        return answer;
      }
      this.#replace(fresh());
      this.last = { total_cents, change_cents };
      return answer;
    });
  }

  /** Parks the ticket under `name` and begins a new one; it stays in hand where that fails. */
  async park(name: string): Promise<Answer<AppView>> {
    return this.#exchange((draft) => this.#port.ticketPark({ draft, name }), fresh);
  }

  /** Takes in hand what the shell brings; a ticket that is not blank is parked as `name` by the same step. */
  async takeUp(
    name: string,
    bring: (inHand: TicketToPark | null) => Promise<Answer<TicketDraft>>,
  ): Promise<Answer<TicketDraft>> {
    return this.#exchange(
      (draft) => {
        const blank = draft.lines.length + draft.payments.length === 0 && draft.note.trim() === '';
        return bring(blank ? null : { draft, name });
      },
      (draft) => {
        const { place } = draft;
        const isOfTill = place.screen === 'till' || place.screen === 'pay';
        return isOfTill ? draft : { ...draft, place: { ...nowhere(), scroll: place.scroll } };
      },
    );
  }

  /** Hands over the ticket as it is, and puts another in its place where the shell did it. */
  async #exchange<T>(
    call: (draft: TicketDraft) => Promise<Answer<T>>,
    next: (brought: T) => TicketDraft,
  ): Promise<Answer<T>> {
    this.#cancel();
    const draft = this.#copy();
    const life = this.#life;
    return this.#inTurn(async () => {
      const answer = await call(draft);
      if (life !== this.#life) return answer;
      if (answer.status === 'error') this.#changed();
      else {
        const late = this.draft.lines.filter((line) => !draft.lines.some((each) => each.id === line.id));
        this.#replace(next(answer.data), late);
      }
      return answer;
    });
  }

  /** Within a turn: a write that waits behind it must find the ticket gone. `late` are lines that came meanwhile. */
  #replace(next: TicketDraft, late: DraftLine[] = []): void {
    this.#life += 1;
    this.#cancel();
    this.draft = { ...next, lines: [...next.lines, ...late] };
    this.fault = null;
    this.last = null;
    this.epoch += 1;
    if (late.length > 0) this.#changed();
  }

  #copy(): TicketDraft {
    return $state.snapshot(this.draft);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#firstChange_ms = null;
  }

  /** Not before the journal has said what it keeps: a blank ticket would take the place of the one it brings. */
  #mayWrite(): boolean {
    return this.#keeping === 'journal' && (this.loaded || (this.#unreadable && !this.empty));
  }

  #changed(): void {
    if (!this.#mayWrite()) return;
    const now = performance.now();
    this.#firstChange_ms ??= now;
    const wait = Math.max(0, Math.min(QUIET_MS, this.#firstChange_ms + LONGEST_WAIT_MS - now));
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#cancel();
      void this.#put();
    }, wait);
  }

  async #put(): Promise<void> {
    const life = this.#life;
    const draft = this.#copy();
    const answer = await this.#inTurn(() =>
      life === this.#life ? this.#port.ticketPut(draft) : Promise.resolve<Answer<Saved> | null>(null),
    );
    if (answer === null || life !== this.#life) return;
    this.fault = answer.status === 'error' ? answer.error : null;
    if (answer.status === 'error' && this.#timer === null) {
      this.#timer = setTimeout(() => {
        this.#cancel();
        void this.#put();
      }, AGAIN_MS);
    }
  }

  /** One call at a time, in the order of the changes. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(call, call);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
