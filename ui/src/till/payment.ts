// What a press on "confirm" means for what is still due: a part, the whole with its change, or too much.

import type { DraftPayment, PaymentMethod } from '../shell/port';

export const QUICK_NOTES_CENTS = [500, 1_000, 2_000, 5_000] as const;

export type Settlement =
  | { kind: 'complete'; payments: DraftPayment[]; change_cents: number }
  | { kind: 'part'; payment: DraftPayment }
  | { kind: 'too_much' };

export const paidCents = (payments: readonly DraftPayment[]): number =>
  payments.reduce((sum, payment) => sum + payment.amount_cents, 0);

/** What is left to pay; parts that a later change of the lines made too large count as they are. */
export const dueCents = (total_cents: number, payments: readonly DraftPayment[]): number =>
  total_cents - paidCents(payments);

/** `entered_cents`: what the customer hands over by `method`; nothing entered means the exact amount. */
export function settle(
  total_cents: number,
  payments: readonly DraftPayment[],
  method: PaymentMethod,
  entered_cents: number | null,
): Settlement {
  const due = dueCents(total_cents, payments);
  if (due < 0) return { kind: 'too_much' };
  if (due === 0) return { kind: 'complete', payments: [...payments], change_cents: 0 };
  const handed = entered_cents ?? due;
  if (handed === 0) return { kind: 'too_much' };
  if (handed < due) return { kind: 'part', payment: { method, amount_cents: handed } };
  if (handed > due && method !== 'cash') return { kind: 'too_much' };
  return { kind: 'complete', payments: [...payments, { method, amount_cents: due }], change_cents: handed - due };
}
