// Tills and their days in the shell in memory.

import type { Answer, CounterTill, TillBoard, TillDay, TillDayPage, UiErrorCode } from './port';

const no = (code: UiErrorCode, subject: string | null = null): Answer<never> => ({
  status: 'error',
  error: { code, retry_after_seconds: null, subject },
});

const PAGE = 25;

export class FakeTills {
  tills: CounterTill[] = [
    { till_id: 't1', name: 'Caisse 1', site_id: 's1', site_name: 'Nantes Est', day: null },
    { till_id: 't2', name: 'Caisse 2', site_id: 's1', site_name: 'Nantes Est', day: null },
  ];
  chosen: string | null = null;
  past: TillDay[] = [];
  /** Cash of sales on the open day of the chosen till, in cents. */
  cash_cents = 0;
  now_ms = Date.now();
  #made = 0;

  board(): TillBoard {
    return { tills: this.tills, chosen: this.chosen };
  }

  choose(till_id: string): Answer<TillBoard> {
    if (!this.tills.some((till) => till.till_id === till_id)) return no('till_not_found');
    this.chosen = till_id;
    return { status: 'ok', data: this.board() };
  }

  #put(till_id: string, day: TillDay | null): void {
    this.tills = this.tills.map((till) => (till.till_id === till_id ? { ...till, day } : till));
  }

  open(till_id: string, float_cents: number): Answer<TillDay> {
    const till = this.tills.find((each) => each.till_id === till_id);
    if (!till) return no('till_not_found');
    if (till.day) return no('till_day_open');
    this.#made += 1;
    const day: TillDay = {
      id: `d${this.#made}`,
      till_id,
      till_name: till.name,
      site_name: till.site_name,
      opened_at: new Date(this.now_ms).toISOString(),
      opened_by: { user_id: 'u1', name: 'Camille Moreau' },
      float_cents,
      closed_at: null,
      closed_by: null,
      counted_cents: null,
      expected_cents: float_cents + this.cash_cents,
      variance_cents: null,
      comment: '',
    };
    this.#put(till_id, day);
    return { status: 'ok', data: day };
  }

  /** A sale paid in cash reaches the server. */
  sell(till_id: string, cents: number): void {
    const day = this.tills.find((each) => each.till_id === till_id)?.day;
    if (day) this.#put(till_id, { ...day, expected_cents: day.expected_cents + cents });
  }

  close(till_id: string, day_id: string, counted_cents: number, comment: string): Answer<TillDay> {
    const day = this.tills.find((each) => each.till_id === till_id)?.day;
    if (day?.id !== day_id)
      return no(this.past.some((each) => each.id === day_id) ? 'till_closed' : 'till_day_not_found');
    const variance_cents = counted_cents - day.expected_cents;
    if (variance_cents !== 0 && comment === '') return no('validation_failed', 'comment');
    const closed: TillDay = {
      ...day,
      closed_at: new Date(this.now_ms).toISOString(),
      closed_by: { user_id: 'u1', name: 'Camille Moreau' },
      counted_cents,
      variance_cents,
      comment,
    };
    this.#put(till_id, null);
    this.past = [closed, ...this.past];
    return { status: 'ok', data: closed };
  }

  days(till_id: string | null, after: string | null): TillDayPage {
    const open = this.tills.flatMap((till) => (till.day ? [till.day] : []));
    const all = [...open, ...this.past].filter((each) => till_id === null || each.till_id === till_id);
    const from = after === null ? 0 : Number(after);
    const more = all.length > from + PAGE;
    return { days: all.slice(from, from + PAGE), next: more ? String(from + PAGE) : null };
  }
}
