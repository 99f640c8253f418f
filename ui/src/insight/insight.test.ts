import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { OperatorView, SessionMetrics } from '../shell/port';
import Toaster from '../widgets/Toaster.svelte';
import { fr as words } from '../words/fr';
import { fr } from '../words/insight.fr';
import { en } from '../words/insight.en';
import { floored, peakOf, share, verdictOf } from './figures';
import Insight from './Insight.svelte';
import { reasonWords } from './reasons';
import { POLL_MS, Watched, whileVisible } from './watch.svelte';

async function show(
  more: Partial<OperatorView> = {},
  prepare: (port: FakePort) => void = () => undefined,
): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, ...more } }));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Toaster);
  render(Insight, { app });
  return port;
}

/** The figures that the screen is given next. */
function given(port: FakePort, more: Partial<SessionMetrics>): void {
  port.sessionMetrics = async ({ range }) => ({
    status: 'ok',
    data: { ...port.insight.metrics(range, Date.now()), ...more },
  });
}

const plain = (text: string | null): string => (text ?? '').replace(/[\u00a0\u202f]/g, ' ');

describe('the verdict', () => {
  it.each([
    [100, 'good'],
    [95, 'good'],
    [94.999, 'fair'],
    [90, 'fair'],
    [89.999, 'poor'],
    [0, 'poor'],
    [null, 'none'],
    [undefined, 'none'],
  ] as const)('on %s per cent is "%s"', (percent, verdict) => {
    expect(verdictOf(percent)).toBe(verdict);
  });

  it('and the figure beside it never disagree', () => {
    expect(floored(94.96)).toBe(94.9);
    expect(floored(89.99)).toBe(89.9);
    expect(floored(99.999)).toBe(99.9);
    expect(floored(97.3)).toBe(97.3);
    expect(floored(100)).toBe(100);
  });

  it.each([
    ['good', 97.25, '97,2 %'],
    ['fair', 92, '92 %'],
    ['poor', 12.5, '12,5 %'],
  ] as const)('"%s" is told by a word and an icon', async (verdict, refresh_success_percent, figure) => {
    await show({}, (port) =>
      given(port, { refresh_success_percent, refreshes: { success: 1_200, failure: 34, rejected: 3 } }),
    );
    const card = await screen.findByTestId('verdict');
    expect(card).toHaveAttribute('data-verdict', verdict);
    expect(within(card).getByRole('status')).toHaveTextContent(fr.verdict[verdict]);
    expect(card.querySelector('svg')).not.toBeNull();
    expect(plain(screen.getByTestId('rate').textContent)).toBe(figure);
    expect(plain(screen.getByTestId('rate-of').textContent)).toBe('1 200 sur 1 234');
    expect(screen.getByTestId('rejected')).toHaveTextContent('3 demandes');
  });

  it('on no refresh at all is a state of its own', async () => {
    await show({}, (port) => (port.insight.quiet = true));
    const card = await screen.findByTestId('verdict');
    expect(card).toHaveAttribute('data-verdict', 'none');
    expect(card).toHaveTextContent(fr.verdict.noneHint);
    expect(screen.getByTestId('rate')).toHaveTextContent('–');
    expect(screen.getByTestId('failures')).toHaveTextContent(fr.failuresNone);
    expect(await screen.findByTestId('errors-none')).toHaveTextContent(fr.errors.none);
    expect(await screen.findByTestId('devices-none')).toHaveTextContent(fr.devices.none);
  });
});

describe('the figures', () => {
  it('are not for a cashier, in a sentence', async () => {
    const port = await show({ role: 'user' });
    expect(screen.getByTestId('insight-forbidden')).toHaveTextContent(fr.forbidden);
    expect(port.calls).not.toContain('sessionMetrics');
  });

  it('are not for whom the server says so', async () => {
    await show({}, (port) => port.failures.set('sessionMetrics', problem('forbidden')));
    expect(await screen.findByTestId('insight-forbidden')).toBeInTheDocument();
  });

  it('say why they cannot be had, and come with a press', async () => {
    const port = await show({}, (each) => each.failures.set('sessionMetrics', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
    port.failures.delete('sessionMetrics');
    await userEvent.click(screen.getByTestId('page-retry'));
    expect(await screen.findByTestId('verdict')).toBeInTheDocument();
  });

  it('are those of the server, to the unit, and step by step in a table', async () => {
    const port = await show();
    await screen.findByTestId('verdict');
    const metrics = port.insight.metrics('1h', Date.now());
    const rows = screen.getAllByTestId('step-row');
    expect(rows).toHaveLength(metrics.steps.length);
    const shown = rows.map((row) => Number(within(row).getAllByRole('cell')[1]!.textContent));
    expect(shown.reduce((sum, each) => sum + each, 0)).toBe(metrics.refreshes.failure);
    for (const { reason, refreshes } of metrics.failures) {
      const row = screen.getAllByTestId('failures-row').find((each) => each.dataset['reason'] === reason);
      expect(row).toHaveTextContent(fr.refresh[reason]);
      expect(row).toHaveTextContent(String(refreshes));
    }
    for (const row of screen.getAllByTestId('ends-row'))
      expect(row.textContent?.includes(fr.forcedMark)).toBe(
        !['signed_out', 'by_owner'].includes(row.dataset['reason'] ?? ''),
      );
    expect(screen.getByTestId('role-user')).toHaveTextContent('31');
  });

  it('of another range take the place of the old ones', async () => {
    const port = await show();
    await screen.findByTestId('verdict');
    await userEvent.click(screen.getByTestId('range-30d'));
    await waitFor(() => expect(screen.getAllByTestId('step-row')).toHaveLength(90));
    expect(screen.getByRole('radio', { name: fr.ranges['30d'] })).toBeChecked();
    port.failures.set('sessionMetrics', problem('server_busy'));
    await userEvent.click(screen.getByTestId('range-7d'));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.server_busy);
    expect(screen.queryByTestId('verdict')).toBeNull();
  });

  it('are of one organisation where a super admin picks one', async () => {
    const asked: (string | null)[] = [];
    await show({ is_super_admin: true }, (port) => {
      const sessionMetrics = port.sessionMetrics.bind(port);
      port.sessionMetrics = (query) => {
        asked.push(query.organization_id);
        return sessionMetrics(query);
      };
    });
    await userEvent.selectOptions(await screen.findByTestId('insight-organization'), 'o2');
    await waitFor(() => expect(asked).toContain('o2'));
    expect(asked[0]).toBeNull();
  });

  it('are saved as a table, and the place is told', async () => {
    const port = await show();
    await screen.findByTestId('verdict');
    await userEvent.click(screen.getByTestId('range-7d'));
    await userEvent.click(screen.getByTestId('insight-export'));
    expect(await screen.findByTestId('toast')).toHaveTextContent('vigie-sessions-7d-2026-01-02.csv');
    expect(port.insight.exported).toEqual(['7d']);
  });

  it('say why the table cannot be saved', async () => {
    await show({}, (port) => port.failures.set('exportSessionMetrics', problem('disk_full')));
    await userEvent.click(await screen.findByTestId('insight-export'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.errors.disk_full);
  });
});

describe('what fails', () => {
  it('comes by network, site, person and reason, in pages', async () => {
    const port = await show({}, (each) => (each.insight.trouble = 12));
    await userEvent.click(await screen.findByTestId('range-30d'));
    await waitFor(() => expect(screen.getAllByTestId('error-row').length).toBeGreaterThan(4));
    expect(screen.getAllByTestId('error-row')[0]).toHaveTextContent('92.184.100.0/24');
    await userEvent.click(screen.getByTestId('errors-by-site'));
    await waitFor(() => expect(screen.getAllByTestId('error-row')[0]).toHaveTextContent('Rezé'));
    expect(screen.getByTestId('errors')).toHaveTextContent(fr.errors.unknown.site);
    await userEvent.click(screen.getByTestId('errors-by-user'));
    await waitFor(() => expect(screen.getAllByTestId('error-row')[0]).toHaveTextContent('Amina Diallo'));
    await userEvent.click(screen.getByTestId('errors-by-reason'));
    await waitFor(() =>
      expect(screen.getAllByTestId('error-row')[0]).toHaveTextContent(
        fr.refresh[port.insight.metrics('30d', Date.now()).failures[0]!.reason],
      ),
    );
  });

  it('goes on with further pages, which then stay', async () => {
    const port = await show({}, (each) => {
      each.topErrors = async ({ after }) => ({
        status: 'ok',
        data: {
          errors: [
            {
              key: `10.0.${after ?? 0}.0/24`,
              refreshes: 1,
              logins: 0,
              reason: 'internal',
              last_at: new Date().toISOString(),
            },
          ],
          next: after === null ? '1' : null,
        },
      });
    });
    expect(await screen.findAllByTestId('error-row')).toHaveLength(1);
    await userEvent.click(screen.getByTestId('errors-more'));
    await waitFor(() => expect(screen.getAllByTestId('error-row')).toHaveLength(2));
    expect(screen.queryByTestId('errors-more')).toBeNull();
    expect(port.calls).toContain('sufferingDevices');
  });

  it('has words for every reason of either kind, and for one it does not know', () => {
    for (const tongue of [fr, en]) {
      expect(reasonWords('session_idle', tongue)).toBe(tongue.refresh.session_idle);
      expect(reasonWords('wrong_password', tongue)).toBe(tongue.login.wrong_password);
      expect(reasonWords('from_a_newer_server', tongue)).toBe(tongue.unknownReason);
    }
  });

  it('at a device shows by its own count', async () => {
    await show();
    const [worst] = await screen.findAllByTestId('device-row');
    expect(worst).toHaveTextContent('Caisse 2');
    expect(plain(worst!.textContent)).toContain('21 min 24 s');
    expect(plain(worst!.textContent)).toContain('37 % de 58 min');
  });
});

describe('looking again', () => {
  afterEach(() => vi.useRealTimers());

  const hide = (state: DocumentVisibilityState): void => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  };

  it('happens within five seconds while the page is seen, and not while it is hidden', async () => {
    vi.useFakeTimers();
    expect(POLL_MS).toBeLessThan(5_000);
    let looks = 0;
    const stop = whileVisible(async () => void (looks += 1));
    await vi.advanceTimersByTimeAsync(3 * POLL_MS);
    expect(looks).toBe(4);
    hide('hidden');
    await vi.advanceTimersByTimeAsync(10 * POLL_MS);
    expect(looks).toBe(4);
    hide('visible');
    expect(looks).toBe(5);
    stop();
    await vi.advanceTimersByTimeAsync(10 * POLL_MS);
    expect(looks).toBe(5);
  });

  it('never asks twice at once', async () => {
    vi.useFakeTimers();
    let open = 0;
    let most = 0;
    const stop = whileVisible(async () => {
      most = Math.max(most, (open += 1));
      await new Promise((done) => setTimeout(done, 7 * POLL_MS));
      open -= 1;
    });
    await vi.advanceTimersByTimeAsync(3 * POLL_MS);
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(30 * POLL_MS);
    expect(most).toBe(1);
    stop();
  });

  it('keeps the last figures, with their time, while the server is away', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const port = await show();
    const before = (await screen.findByTestId('active-sessions')).textContent;
    expect(screen.getByTestId('insight-live')).toBeInTheDocument();
    port.failures.set('sessionMetrics', problem('offline'));
    await vi.advanceTimersByTimeAsync(POLL_MS + 100);
    expect(await screen.findByTestId('insight-as-of')).toHaveTextContent(/chiffres de \d\d:\d\d/);
    expect(screen.getByTestId('active-sessions')).toHaveTextContent(before!);
    port.failures.delete('sessionMetrics');
    port.insight.active = 31;
    await vi.advanceTimersByTimeAsync(POLL_MS + 100);
    await waitFor(() => expect(screen.getByTestId('active-sessions')).toHaveTextContent('31'));
    expect(screen.queryByTestId('insight-as-of')).toBeNull();
  });

  it('believes the latest question alone', async () => {
    const answers: ((value: number) => void)[] = [];
    const watched = new Watched<string, number>(
      () => new Promise((done) => answers.push((data) => done({ status: 'ok', data }))),
    );
    const [first, second] = [watched.ask('a'), watched.ask('b')];
    answers[1]!(2);
    answers[0]!(1);
    await Promise.all([first, second]);
    expect([watched.data, watched.question]).toEqual([2, 'b']);
  });
});

describe('a chart', () => {
  it('names its peak, the latest of several', () => {
    expect(peakOf([0, 3, 1, 3, 0])).toEqual({ index: 3, value: 3 });
    expect(peakOf([0, 0])).toBeNull();
    expect(peakOf([])).toBeNull();
  });

  it('of shares never hides what there is', () => {
    expect(share(1, 1_000)).toBe(1);
    expect(share(0, 1_000)).toBe(0);
    expect(share(1, 0)).toBe(0);
    expect(share(999, 1_000)).toBe(100);
  });
});
