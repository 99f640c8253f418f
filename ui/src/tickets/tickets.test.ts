import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import Window from '../App.svelte';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import { fr } from '../words/fr';
import { fr as office } from '../words/office.fr';
import { fr as parked } from '../words/parked.fr';

const REFUSED = '01900000-0000-7000-8000-00000000bbbb';
const WAITING = '01900000-0000-7000-8000-00000000aaaa';

async function show(): Promise<FakePort> {
  const port = new FakePort(view({ work: { waiting: 1, refused: 1, parked: 0, saved_at_ms: null, fault: null } }));
  port.waiting = [
    { id: WAITING, total_cents: 1_250, finished_at_ms: Date.now(), refused: null },
    { id: REFUSED, total_cents: 700, finished_at_ms: Date.now(), refused: problem('validation_failed') },
  ];
  port.tickets.holding.set(REFUSED, { note: 'pied à recoller' });
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await userEvent.click(await screen.findByTestId('nav-tickets'));
  return port;
}

const plain = (id: string): string =>
  (screen.getByTestId(id).textContent ?? '').replace(/[\u00a0\u202f\s]+/g, ' ').trim();

describe('a refused ticket', () => {
  it('opens with its lines, payments, note and the reason in words; one that waits does not open', async () => {
    await show();
    await screen.findByTestId('ticket-waiting');
    expect(screen.getAllByTestId('refused-open')).toHaveLength(1);
    await userEvent.click(screen.getByTestId('refused-open'));
    expect(await screen.findByTestId('review-why')).toHaveTextContent(office.tickets.refusedBecause.validation_failed!);
    expect(plain('review-lines')).toBe('Chaises 7,00 € 1 × 7,00 € · 4,200 kg Total7,00 €');
    expect(screen.getByTestId('review-note')).toHaveTextContent('pied à recoller');
    expect(plain('review-sheet')).toContain('Espèces 7,00 €');
    expect(screen.getByTestId('review-sheet')).not.toHaveTextContent(parked.review.mendAside);
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('review-sheet')).toBeNull());
    await waitFor(() => expect(screen.getByTestId('refused-open')).toHaveFocus());
  });

  it('comes back at the till to be mended, and leaves the list when the mended one is paid', async () => {
    const port = await show();
    await userEvent.click(await screen.findByTestId('refused-open'));
    await userEvent.click(await screen.findByTestId('review-mend'));
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
    expect(await screen.findByTestId('line-0')).toHaveTextContent('Chaises');
    expect(port.draft?.id).not.toBe(REFUSED);
    expect(port.waiting.map((sale) => sale.id)).toContain(REFUSED);
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-confirm'));
    await waitFor(() => expect(port.finished).toHaveLength(1));
    expect(port.finished[0]?.payments).toEqual([{ method: 'cash', amount_cents: 700 }]);
    expect(port.waiting.map((sale) => sale.id)).toEqual([WAITING]);
  });

  it('parks what is in hand first, and goes on with a mending that lies on the shelf', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('nav-till'));
    await userEvent.click(await screen.findByTestId('category-0'));
    await userEvent.click(screen.getByTestId('nav-tickets'));
    await userEvent.click(await screen.findByTestId('refused-open'));
    expect(await screen.findByText(new RegExp(parked.review.mendAside))).toBeInTheDocument();
    await userEvent.click(screen.getByTestId('review-mend'));
    await screen.findByTestId('screen-till');
    expect(port.tickets.shelf[0]?.name).toMatch(/ · Livres$/);
    await userEvent.click(await screen.findByTestId('park'));
    await userEvent.click(await screen.findByTestId('park-submit'));
    await waitFor(() => expect(port.tickets.shelf).toHaveLength(2));

    await userEvent.click(screen.getByTestId('nav-tickets'));
    expect((await screen.findAllByTestId('parked-ticket'))[1]).toHaveTextContent(parked.mends);
    await userEvent.click(screen.getByTestId('refused-open'));
    const button = await screen.findByTestId('review-mend');
    expect(button).toHaveTextContent(parked.review.goOn);
    await userEvent.click(button);
    await screen.findByTestId('screen-till');
    expect(port.tickets.shelf).toHaveLength(1);
    expect(port.draft?.lines[0]?.category_name).toBe('Chaises');
  });

  it('says why it cannot be mended, and stays', async () => {
    const port = await show();
    await userEvent.click(await screen.findByTestId('refused-open'));
    await screen.findByTestId('review-mend');
    port.failures.set('saleMend', problem('sale_outcome_unknown'));
    await userEvent.click(screen.getByTestId('review-mend'));
    expect(await screen.findByTestId('review-problem')).toHaveTextContent(fr.errors.sale_outcome_unknown);
    expect(port.waiting).toHaveLength(2);
  });
});

describe('parked tickets', () => {
  it('stand on the page, and one that is taken up leads to the till', async () => {
    const port = await show();
    const place = { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null };
    const draft = { id: 'p1', lines: [], payments: [], note: 'à finir', tendered_cents: null, place };
    port.tickets.park({ draft, name: 'Vélo bleu' });
    port.change({ work: { ...port.current.work, parked: 1 } });
    expect(await screen.findByTestId('parked-ticket')).toHaveTextContent('Vélo bleu');
    await userEvent.click(screen.getByTestId('parked-take'));
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
    expect(await screen.findByTestId('note')).toHaveValue('à finir');
  });
});
