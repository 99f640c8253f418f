import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { OrganizationRole } from '../shell/port';
import Toaster from '../widgets/Toaster.svelte';
import { toasts } from '../widgets/toasts.svelte';
import { fr } from '../words/day.fr';
import { fr as words } from '../words/fr';
import Day from './Day.svelte';
import { readAmount, varianceOf } from './variance';

async function show(
  prepare: (port: FakePort) => void = () => undefined,
  role: OrganizationRole = 'user',
): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, role } }));
  prepare(port);
  const app = new App(port);
  await app.start();
  toasts.list = [];
  render(Toaster);
  render(Day, { app });
  await tick();
  return port;
}

const text = (element: HTMLElement): string => (element.textContent ?? '').replace(/[\u00a0\u202f]/g, ' ').trim();
const open = (port: FakePort): void => {
  port.tilling.chosen = 't1';
  port.tilling.open('t1', 10_000);
};

describe('the till’s day', () => {
  it('asks which till this is, and stays that till', async () => {
    const port = await show();
    const picks = await screen.findAllByTestId('till-pick');
    expect(picks.map((pick) => within(pick).getByText(/Caisse/).textContent)).toEqual(['Caisse 1', 'Caisse 2']);
    expect(picks[0]).toHaveTextContent(fr.closed);
    await userEvent.click(picks[1]!);
    expect(port.tilling.chosen).toBe('t2');
    expect(await screen.findByTestId('day-open')).toHaveTextContent(fr.openNo);
    expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('Caisse 2');
    await userEvent.click(screen.getByTestId('till-change'));
    expect(screen.getAllByTestId('till-pick')[1]).toHaveTextContent(fr.current);
  });

  it('says who can add a till where there is none', async () => {
    await show((port) => (port.tilling.tills = []));
    expect(await screen.findByTestId('day-no-tills')).toHaveTextContent(fr.none);
  });

  it('opens with a float that is keyed in on the screen', async () => {
    const port = await show((each) => (each.tilling.chosen = 't1'));
    await userEvent.click(await screen.findByTestId('day-open'));
    expect(screen.getByTestId('day-problem')).toHaveTextContent(fr.amountMissing);
    expect(document.activeElement).toBe(screen.getByTestId('day-float'));
    for (const key of ['1', '5', '0', 'decimal', '5']) await userEvent.click(screen.getByTestId(`key-${key}`));
    expect(text(screen.getByTestId('day-open'))).toBe('Ouvrir avec 150,50 €');
    await userEvent.click(screen.getByTestId('day-open'));
    expect(await screen.findByTestId('day-state')).toHaveTextContent(fr.isOpen);
    expect(port.tilling.tills[0]!.day).toMatchObject({ float_cents: 15_050 });
    expect(text(screen.getByTestId('day-so-far'))).toBe('150,50 €');
  });

  it('refuses an amount that cannot be read or is too high', async () => {
    const port = await show((each) => (each.tilling.chosen = 't1'));
    await userEvent.type(await screen.findByTestId('day-float'), 'dix');
    expect(screen.getByTestId('day-problem')).toHaveTextContent(fr.amountWrong);
    await userEvent.clear(screen.getByTestId('day-float'));
    await userEvent.type(screen.getByTestId('day-float'), '1000001{Enter}');
    expect(text(screen.getByTestId('day-problem'))).toBe('C’est plus que 1 000 000 €.');
    expect(port.calls).not.toContain('tillDayOpen');
  });

  it('closes with the count, the variance in words, and a reason where there is one', async () => {
    const port = await show(open);
    await userEvent.click(await screen.findByTestId('day-close-start'));
    await userEvent.type(await screen.findByTestId('day-count'), '100');
    expect(screen.getByTestId('variance')).toHaveAttribute('data-kind', 'exact');
    await userEvent.type(screen.getByTestId('day-count'), ',20');
    expect(text(screen.getByTestId('variance'))).toBe('Il y a 0,20 € de trop.');
    await userEvent.clear(screen.getByTestId('day-count'));
    await userEvent.type(screen.getByTestId('day-count'), '99,50');
    expect(text(screen.getByTestId('variance'))).toBe('Il manque 0,50 €.');
    await userEvent.click(screen.getByTestId('day-close'));
    expect(screen.getByTestId('day-problem')).toHaveTextContent(fr.commentWanted);
    expect(document.activeElement).toBe(screen.getByTestId('day-comment'));
    expect(port.calls).not.toContain('tillDayClose');
    await userEvent.type(screen.getByTestId('day-comment'), 'Une pièce est tombée.');
    await userEvent.click(screen.getByTestId('day-close'));
    const done = await screen.findByTestId('day-done');
    expect(text(done)).toContain('Il manque 0,50 €.');
    expect(done).toHaveTextContent('Une pièce est tombée.');
    expect(port.tilling.past[0]).toMatchObject({ counted_cents: 9_950, variance_cents: -50 });
    await userEvent.click(screen.getByTestId('day-next'));
    expect(await screen.findByTestId('day-open')).toBeInTheDocument();
  });

  it('says so when a sale arrived while the drawer was counted', async () => {
    const port = await show(open);
    await userEvent.click(await screen.findByTestId('day-close-start'));
    await userEvent.type(await screen.findByTestId('day-count'), '100');
    port.tilling.sell('t1', 250);
    await userEvent.click(screen.getByTestId('day-close'));
    await waitFor(() => expect(screen.getByTestId('day-problem')).toHaveTextContent(/./));
    await waitFor(() => expect(text(screen.getByTestId('variance'))).toBe('Il manque 2,50 €.'));
    expect(text(screen.getByTestId('day-expected'))).toBe('102,50 €');
    await userEvent.clear(screen.getByTestId('day-count'));
    await userEvent.type(screen.getByTestId('day-count'), '102,5{Enter}');
    expect(await screen.findByTestId('day-done')).toBeInTheDocument();
  });

  it('is closed to changes while the server is away, with the reason', async () => {
    const port = await show(open);
    const start = await screen.findByTestId('day-close-start');
    port.change({}, { connection: { kind: 'lost', trouble: 'offline' } });
    await tick();
    expect(start).toHaveAttribute('aria-disabled', 'true');
    expect(start).toHaveAccessibleDescription(fr.offline);
    await userEvent.click(start);
    expect(screen.queryByTestId('day-count')).toBeNull();
    port.change({}, { connection: { kind: 'online' } });
    await tick();
    expect(start).toHaveAttribute('aria-disabled', 'false');
    expect(port.calls.filter((call) => call === 'tills')).toHaveLength(2);
  });

  it('neither opens nor is chosen while the server is away', async () => {
    const port = await show();
    const [first] = await screen.findAllByTestId('till-pick');
    port.change({}, { connection: { kind: 'lost', trouble: 'offline' } });
    await tick();
    await userEvent.click(first!);
    expect(port.calls).not.toContain('tillChoose');
    port.change({}, { connection: { kind: 'online' } });
    await tick();
    await userEvent.click(first!);
    await userEvent.type(await screen.findByTestId('day-float'), '10');
    port.change({}, { connection: { kind: 'lost', trouble: 'offline' } });
    await tick();
    await userEvent.click(screen.getByTestId('day-open'));
    expect(screen.getByTestId('day-open')).toHaveAccessibleDescription(fr.offline);
    expect(port.calls).not.toContain('tillDayOpen');
  });

  it('does not close while tickets are still to be sent, and tells of those of others', async () => {
    const port = await show(open);
    port.change({ work: { waiting: 2, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
    await tick();
    const start = await screen.findByTestId('day-close-start');
    expect(start).toHaveAccessibleDescription(fr.unsent(2));
    port.change({ work: { waiting: 0, refused: 0, parked: 0, saved_at_ms: null, fault: null } });
    port.failures.set('tillDayClose', problem('till_day_unsent', { subject: '1' }));
    await tick();
    await userEvent.click(start);
    await userEvent.type(await screen.findByTestId('day-count'), '100{Enter}');
    expect(await screen.findByTestId('day-problem')).toHaveTextContent(words.errors.till_day_unsent);
  });

  it('shows past days to managers only, page by page and by till', async () => {
    await show(open);
    await screen.findByTestId('day-state');
    expect(screen.queryByTestId('past-days')).toBeNull();
  });

  it('shows a manager who is missing what, and why', async () => {
    const port = await show((each) => {
      for (let index = 0; index < 30; index += 1) {
        const made = each.tilling.open('t2', 100 + index);
        if (made.status === 'ok') each.tilling.close('t2', made.data.id, 100, index === 0 ? '' : 'compté deux fois');
      }
      open(each);
    }, 'manager');
    expect(await screen.findAllByTestId('past-day')).toHaveLength(25);
    expect(text(screen.getAllByTestId('past-day')[1]!)).toContain('Il manque 0,29 €.');
    await userEvent.click(screen.getByTestId('past-more'));
    await waitFor(() => expect(screen.getAllByTestId('past-day')).toHaveLength(31));
    expect(screen.queryByTestId('past-more')).toBeNull();
    await userEvent.selectOptions(screen.getByTestId('past-till'), 't1');
    await waitFor(() => expect(screen.getAllByTestId('past-day')).toHaveLength(1));
    expect(screen.getByTestId('past-day')).toHaveTextContent(fr.isOpen);
    expect(port.calls.filter((call) => call === 'tillDays')).toHaveLength(3);
  });

  it('says what stands in the way where it cannot be asked', async () => {
    await show((port) => port.failures.set('tills', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
  });
});

it('a variance is what is missing, what is over, or nothing', () => {
  expect(varianceOf(0)).toEqual({ kind: 'exact' });
  expect(varianceOf(-5)).toEqual({ kind: 'missing', cents: 5 });
  expect(varianceOf(5)).toEqual({ kind: 'over', cents: 5 });
});

it('an amount is read as it is typed at the till', () => {
  expect(readAmount(' ')).toEqual({ kind: 'none' });
  expect(readAmount('12,5')).toEqual({ kind: 'read', cents: 1_250 });
  expect(readAmount('0')).toEqual({ kind: 'read', cents: 0 });
  expect(readAmount('1,234')).toEqual({ kind: 'unreadable' });
  expect(readAmount('1000000')).toEqual({ kind: 'read', cents: 100_000_000 });
  expect(readAmount('1000000,01')).toEqual({ kind: 'too_high' });
});
