import { describe, expect, it } from 'vitest';
import type { DraftPayment } from '../shell/port';
import { readDecimal, readField, writeDecimal } from './amounts';
import { dueCents, paidCents, settle } from './payment';
import { uuid7 } from './uuid';

describe('settling', () => {
  it('gives change for cash and for nothing else', () => {
    expect(settle(1_250, [], 'cash', 2_000)).toEqual({
      kind: 'complete',
      payments: [{ method: 'cash', amount_cents: 1_250 }],
      change_cents: 750,
    });
    expect(settle(1_250, [], 'card', 2_000)).toEqual({ kind: 'too_much' });
    expect(settle(1_250, [], 'cheque', 1_251)).toEqual({ kind: 'too_much' });
  });

  it('takes nothing entered for the exact amount', () => {
    expect(settle(1_250, [], 'card', null)).toEqual({
      kind: 'complete',
      payments: [{ method: 'card', amount_cents: 1_250 }],
      change_cents: 0,
    });
  });

  it('takes less than is due for a part, and the rest completes it', () => {
    const first = settle(1_250, [], 'cheque', 1_000);
    expect(first).toEqual({ kind: 'part', payment: { method: 'cheque', amount_cents: 1_000 } });
    const parts: DraftPayment[] = [{ method: 'cheque', amount_cents: 1_000 }];
    expect(dueCents(1_250, parts)).toBe(250);
    expect(settle(1_250, parts, 'cash', 500)).toEqual({
      kind: 'complete',
      payments: [...parts, { method: 'cash', amount_cents: 250 }],
      change_cents: 250,
    });
  });

  it('needs no payment for nothing, and does not finish what was overpaid or paid with nothing', () => {
    expect(settle(0, [], 'cash', null)).toEqual({ kind: 'complete', payments: [], change_cents: 0 });
    expect(settle(500, [{ method: 'card', amount_cents: 800 }], 'cash', null)).toEqual({ kind: 'too_much' });
    expect(settle(500, [], 'cash', 0)).toEqual({ kind: 'too_much' });
  });

  it('always adds up to the total, change apart', () => {
    for (let total = 0; total <= 3_000; total += 37) {
      for (let handed = 1; handed <= 6_000; handed += 211) {
        for (const method of ['cash', 'card', 'cheque'] as const) {
          const outcome = settle(total, [], method, handed);
          if (outcome.kind !== 'complete') continue;
          expect(paidCents(outcome.payments)).toBe(total);
          if (total > 0) expect(outcome.change_cents).toBe(handed - total);
          expect(outcome.change_cents).toBeGreaterThanOrEqual(0);
        }
      }
    }
  });
});

describe('amounts as typed', () => {
  it.each([
    ['12,5', 2, 1_250],
    ['12.50', 2, 1_250],
    [',5', 2, 50],
    ['7', 2, 700],
    ['1 234,56', 2, 123_456],
    ['1,25', 3, 1_250],
    ['0,001', 3, 1],
    ['12,', 2, 1_200],
    ['3', 0, 3],
  ])('reads %s with %d places as %d', (typed, places, value) => {
    expect(readDecimal(typed, places)).toBe(value);
  });

  it.each([
    ['', 2],
    [',', 2],
    ['-1', 2],
    ['1,234', 2],
    ['1,2,3', 3],
    ['douze', 2],
    ['1e5', 2],
    ['1,5', 0],
  ])('does not read %s with %d places', (typed, places) => {
    expect(readDecimal(typed, places)).toBeNull();
  });

  it('reads back what it writes, to the gram and the cent', () => {
    for (const language of ['fr', 'en'] as const)
      for (const places of [0, 2, 3])
        for (let value = 0; value < 20_000; value += 7)
          expect(readDecimal(writeDecimal(value, places, language), places)).toBe(value);
  });

  it('holds each field of a line to its range', () => {
    expect(readField('quantity', '0')).toBeNull();
    expect(readField('quantity', '9999')).toBe(9_999);
    expect(readField('quantity', '10000')).toBeNull();
    expect(readField('weight', '')).toBe(0);
    expect(readField('weight', '2000')).toBe(2_000_000);
    expect(readField('weight', '2000,001')).toBeNull();
    expect(readField('price', '')).toBeNull();
    expect(readField('price', '100000')).toBe(10_000_000);
  });
});

it('ids are version 7 UUIDs in the order of time', () => {
  const ids = [1, 2, 3].map((ms) => uuid7(1_700_000_000_000 + ms));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(Number.parseInt(ids[0]!.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_001);
});
