import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import Window from '../App.svelte';
import { App } from '../session/app.svelte';
import { fakeCategories, FakePort, problem, view } from '../shell/fake';
import type { AppView, ImpersonationEnd, OperatorView, SessionView, TicketDraft } from '../shell/port';
import { fr as words } from '../words/fr';
import { fr } from '../words/impersonation.fr';
import { fr as office } from '../words/office.fr';

const MINUTE_MS = 60_000;
const above: Partial<OperatorView> = { is_super_admin: true, role: 'owner' };
const reason = 'Le nom du site est mal écrit';

/** The super admin's own ticket. */
const draft = (): TicketDraft => ({
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
  ],
  payments: [],
  note: '',
  tendered_cents: null,
  place: { screen: 'till', field: null, typed: '', cursor: 0, scroll: 0, line_id: null },
});

async function show(
  more: Partial<OperatorView> = {},
  prepare: (port: FakePort) => void = () => undefined,
  whole: Partial<AppView> = {},
  session: Partial<SessionView> = {},
): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, ...above, ...more }, ...whole }, session));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Window, { app });
  await tick();
  return port;
}

/** At work as somebody, of whose time some minutes have passed. */
const showAs = (
  username: string,
  minutes = 12,
  prepare: (port: FakePort) => void = () => undefined,
  whole: Partial<AppView> = {},
  session: Partial<SessionView> = {},
): Promise<FakePort> =>
  show(
    {},
    (port) => {
      prepare(port);
      port.impersonate(username, 'o1', reason, Date.now() - minutes * MINUTE_MS);
    },
    whole,
    session,
  );

const plain = (text: string | null | undefined): string => (text ?? '').replace(/[\u00a0\u202f]/g, ' ');
const total = (): string => plain(screen.getByTestId('total').textContent);
const saysNothingOf = (...testids: string[]): void => {
  for (const testid of testids) expect(screen.queryByTestId(testid), testid).toBeNull();
};

async function openSheet(index: number): Promise<void> {
  await userEvent.click(screen.getByTestId('nav-administration'));
  await userEvent.click(await screen.findByTestId('tab-people'));
  await userEvent.click((await screen.findAllByTestId('person-open'))[index]!);
}

async function openDialog(index = 0): Promise<void> {
  await openSheet(index);
  await userEvent.click(await screen.findByTestId('person-impersonate'));
  await screen.findByTestId('begin-dialog');
}

describe('beginning to act as somebody', () => {
  it('is offered to super admins alone', async () => {
    await show({ is_super_admin: false });
    await openSheet(0);
    await screen.findByTestId('person-sessions');
    saysNothingOf('person-impersonate', 'tab-impersonation');
  });

  it.each([
    ['oneself', 3, fr.person.oneself],
    ['a super admin', 8, fr.person.above],
    ['a disabled account', 10, fr.person.disabled],
  ])('is not offered for %s, with the reason', async (_, index, why) => {
    await show({}, (port) => {
      for (const each of port.administration.everybody) each.is_super_admin = each.username === 'louise';
    });
    await openSheet(index);
    const button = await screen.findByTestId('person-impersonate');
    expect(button).toHaveAttribute('aria-disabled', 'true');
    expect(screen.getByTestId('person-impersonate-hint')).toHaveTextContent(why);
    await userEvent.click(button);
    saysNothingOf('begin-dialog');
  });

  it('says what it means, and wants a reason of 10 characters', async () => {
    const port = await show();
    await openDialog();
    const dialog = screen.getByTestId('begin-dialog');
    for (const words of [
      fr.begin.written('Camille Moreau', 'Alix Bernard'),
      fr.begin.told('Alix Bernard'),
      fr.begin.ends,
      fr.begin.forbidden,
      fr.begin.kept,
    ])
      expect(dialog).toHaveTextContent(words);
    expect(document.activeElement).toBe(screen.getByTestId('begin-reason'));
    await userEvent.type(screen.getByTestId('begin-reason'), '   court ');
    expect(screen.getByTestId('begin-count')).toHaveTextContent('5 sur 500');
    saysNothingOf('begin-problem');
    await userEvent.click(screen.getByTestId('begin-submit'));
    expect(screen.getByTestId('begin-problem')).toHaveTextContent(fr.begin.short(5));
    expect(document.activeElement).toBe(screen.getByTestId('begin-reason'));
    expect(port.calls).not.toContain('startImpersonation');
  });

  it('goes on by itself after the password, and loses nothing typed to a second thought', async () => {
    const port = await show({}, (each) => (each.reauthenticated = false));
    await openDialog();
    await userEvent.type(screen.getByTestId('begin-reason'), reason);
    await userEvent.click(screen.getByTestId('begin-submit'));
    await userEvent.click(await screen.findByTestId('reauthenticate-cancel'));
    expect(screen.getByTestId('begin-reason')).toHaveValue(reason);
    expect(port.current.impersonation).toBeNull();
    await userEvent.click(screen.getByTestId('begin-submit'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await screen.findByTestId('acting-who')).toHaveTextContent('Camille Moreau voit comme Alix Bernard');
    saysNothingOf('begin-dialog');
    expect(port.current.impersonation).toMatchObject({ reason, operator: { username: 'alix' } });
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
  });

  it('is in the organisation that is picked, where there are several', async () => {
    const port = await show();
    const begun = vi.spyOn(port, 'startImpersonation');
    await openDialog(2);
    const pick = await screen.findByTestId('begin-organization');
    expect(pick).toHaveValue('o1');
    await userEvent.selectOptions(pick, 'o2');
    await userEvent.type(screen.getByTestId('begin-reason'), reason);
    await userEvent.click(screen.getByTestId('begin-submit'));
    await screen.findByTestId('acting');
    expect(begun).toHaveBeenCalledWith('u2', 'o2', reason);
    expect(screen.getByTestId('acting')).toHaveTextContent('Ressourcerie du Port');
  });

  it('shows the server’s refusals in place, and keeps what is typed', async () => {
    const port = await show();
    await openDialog();
    await userEvent.type(screen.getByTestId('begin-reason'), reason);
    port.failures.set('startImpersonation', problem('validation_failed', { subject: 'reason' }));
    await userEvent.click(screen.getByTestId('begin-submit'));
    expect(await screen.findByTestId('begin-problem')).toHaveTextContent(fr.begin.refused);
    for (const code of ['address_not_allowed', 'offline', 'user_not_found'] as const) {
      port.failures.set('startImpersonation', problem(code));
      await userEvent.click(screen.getByTestId('begin-submit'));
      await waitFor(() => expect(screen.getByTestId('begin-error')).toHaveTextContent(words.errors[code]));
    }
    expect(screen.getByTestId('begin-reason')).toHaveValue(reason);
  });

  it('leads to what is under way where one lasts already', async () => {
    await show({}, (port) => (port.impersonating.live[0]!.is_own = true));
    await openDialog();
    await userEvent.type(screen.getByTestId('begin-reason'), reason);
    await userEvent.click(screen.getByTestId('begin-submit'));
    expect(await screen.findByTestId('begin-error')).toHaveTextContent(words.errors.already_impersonating);
    await userEvent.click(screen.getByTestId('begin-board'));
    expect(await screen.findByTestId('board-stop')).toBeInTheDocument();
  });

  it('waits until the own ticket is on disk', async () => {
    const port = await show({}, (each) => (each.draft = draft()));
    await waitFor(() => expect(total()).toBe('3,00 €'));
    await openDialog();
    port.failures.set('ticketPut', problem('disk_full'));
    await userEvent.click(screen.getByTestId('begin-cancel'));
    await userEvent.click(screen.getByTestId('person-close'));
    await userEvent.click(screen.getByTestId('nav-tickets'));
    await openDialog();
    await userEvent.type(screen.getByTestId('begin-reason'), reason);
    await userEvent.click(screen.getByTestId('begin-submit'));
    expect(await screen.findByTestId('begin-error')).toHaveTextContent(words.errors.disk_full);
    expect(port.calls).not.toContain('startImpersonation');
    port.failures.clear();
    await userEvent.click(screen.getByTestId('begin-submit'));
    expect(await screen.findByTestId('acting')).toBeInTheDocument();
  });

  it('opens the till, wherever one was', async () => {
    const port = await show();
    await userEvent.click(screen.getByTestId('nav-administration'));
    await screen.findByTestId('screen-administration');
    port.impersonate('dominique', 'o1', reason, Date.now());
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
  });
});

describe('the banner', () => {
  it('names both, the place and the time from its deadlines', async () => {
    await showAs('alix');
    const banner = await screen.findByTestId('acting');
    expect(banner).toHaveAttribute('data-stage', 'begun');
    expect(banner).toHaveTextContent('Caisse · La Boucle · Nantes Est');
    expect(plain(screen.getByTestId('acting-time').textContent)).toMatch(/depuis 12 min( \d\d s)? · encore 1 h 4[78]/);
    saysNothingOf('acting-note');
    await waitFor(() => expect(screen.getByTestId('acting-polite')).toHaveTextContent('Vous voyez maintenant'));
  });

  it.each([
    [91, 'near', fr.banner.notes.near],
    [106, 'quarter', fr.banner.notes.quarter],
    [118.5, 'last', fr.banner.notes.last],
  ] as const)('says after %s minutes that it will not last', async (minutes, stage, note) => {
    await showAs('alix', minutes);
    const banner = await screen.findByTestId('acting');
    expect(banner).toHaveAttribute('data-stage', stage);
    expect(banner).toHaveClass('near');
    expect(screen.getByTestId('acting-note')).toHaveTextContent(note);
  });

  it('says that it ends while the shell has not said so yet', async () => {
    const port = await showAs('alix');
    await screen.findByTestId('acting');
    const { impersonation } = port.current;
    port.change({ impersonation: { ...impersonation!, ends_ms: Date.now() - 10 } });
    await waitFor(() => expect(screen.getByTestId('acting-time')).toHaveTextContent(fr.banner.ending));
    expect(screen.getByTestId('acting-stop')).toBeInTheDocument();
  });

  it('is on every screen', async () => {
    await showAs('dominique');
    for (const name of ['tickets', 'sessions', 'administration', 'settings', 'about', 'till']) {
      await userEvent.click(screen.getByTestId(`nav-${name}`));
      await screen.findByTestId(`screen-${name}`);
      expect(screen.getByTestId('acting-stop')).toBeInTheDocument();
    }
  });

  it('stops at one press where no ticket is in hand', async () => {
    const port = await showAs('alix');
    await userEvent.click(await screen.findByTestId('acting-stop'));
    await waitFor(() => expect(port.current.impersonation).toBeNull());
    await waitFor(() => saysNothingOf('acting'));
  });

  it('asks first where a ticket would be lost', async () => {
    const port = await showAs('alix');
    await userEvent.click(await screen.findByTestId('category-0'));
    await userEvent.click(screen.getByTestId('acting-stop'));
    expect(plain((await screen.findByTestId('acting-confirm')).textContent)).toContain('Le ticket de 1,00 €');
    await userEvent.click(screen.getByTestId('acting-confirm-no'));
    expect(port.calls).not.toContain('stopImpersonation');
    await userEvent.click(screen.getByTestId('acting-stop'));
    await userEvent.click(await screen.findByTestId('acting-confirm-yes'));
    await waitFor(() => expect(port.current.impersonation).toBeNull());
  });

  it('says why it could not be stopped, and stays', async () => {
    const port = await showAs('alix');
    port.failures.set('stopImpersonation', problem('offline'));
    await userEvent.click(await screen.findByTestId('acting-stop'));
    await waitFor(() => expect(screen.getByTestId('acting-problem')).toHaveTextContent(words.errors.offline));
    expect(port.current.impersonation).not.toBeNull();
  });
});

describe('meanwhile', () => {
  it('rights, place and name are those of the person', async () => {
    const port = await showAs('alix');
    await screen.findByTestId('acting');
    saysNothingOf('nav-administration');
    expect(screen.getByTestId('menu')).toHaveTextContent('Alix Bernard');
    port.endImpersonation('stopped');
    expect(await screen.findByTestId('nav-administration')).toBeInTheDocument();
    expect(screen.getByTestId('menu')).toHaveTextContent('Camille Moreau');
  });

  it('the own ticket is out of sight and untouched, and back afterwards', async () => {
    const port = await show({}, (each) => (each.draft = draft()));
    await waitFor(() => expect(total()).toBe('3,00 €'));
    const own = structuredClone(port.draft);
    const puts = port.calls.filter((call) => call === 'ticketPut').length;
    const asked = port.calls.filter((call) => call === 'ticketCurrent').length;
    port.impersonate('alix', 'o1', reason, Date.now());
    await waitFor(() => expect(total()).toBe('0,00 €'));
    await userEvent.click(await screen.findByTestId('category-2'));
    expect(total()).toBe('3,00 €');
    expect(screen.getByTestId('line-0')).toHaveTextContent('Vêtements adultes');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(port.calls.filter((call) => call === 'ticketPut')).toHaveLength(puts);
    expect(port.calls.filter((call) => call === 'ticketCurrent')).toHaveLength(asked);
    expect(port.draft).toEqual(own);
    port.endImpersonation('expired');
    await userEvent.click(await screen.findByTestId('nav-till'));
    await waitFor(() => expect(screen.getByTestId('line-0')).toHaveTextContent('Livres'));
    expect(total()).toBe('3,00 €');
    expect(port.draft?.lines).toEqual(own?.lines);
  });

  it('one impersonation’s ticket is not the next one’s', async () => {
    const port = await showAs('alix');
    await userEvent.click(await screen.findByTestId('category-0'));
    const { impersonation } = port.current;
    port.change({ impersonation: { ...impersonation!, session_id: 'another' } });
    await waitFor(() => expect(total()).toBe('0,00 €'));
  });

  const sell = async (): Promise<void> => {
    await userEvent.click(await screen.findByTestId('category-0'));
    await userEvent.click(screen.getByTestId('pay'));
    await userEvent.click(await screen.findByTestId('pay-exact'));
    await userEvent.click(screen.getByTestId('pay-confirm'));
  };

  it('a paid ticket goes to the server at once', async () => {
    const port = await showAs('alix', 12, (each) => (each.draft = draft()));
    await sell();
    expect(await screen.findByTestId('last-sale')).toBeInTheDocument();
    expect(port.finished).toHaveLength(1);
    expect(port.draft).toEqual(draft());
  });

  it('a ticket that cannot leave stays in hand, with the reason', async () => {
    const port = await showAs('alix');
    await screen.findByTestId('category-0');
    port.failures.set('ticketFinish', problem('offline'));
    await sell();
    expect(await screen.findByTestId('pay-problem')).toHaveTextContent(words.errors.offline);
    expect(screen.getByTestId('pay-sheet')).toHaveTextContent(fr.meanwhile.pay);
    expect(total()).toBe('1,00 €');
    port.failures.clear();
    await userEvent.click(screen.getByTestId('pay-confirm'));
    await waitFor(() => expect(port.finished).toHaveLength(1));
  });

  it('nothing of the own account is in reach', async () => {
    const port = await showAs('dominique', 12, () => undefined, {
      operator: { ...view().operator!, ...above, organizations: 3, must_change_password: false },
      work: { waiting: 2, refused: 1, parked: 0, saved_at_ms: null, fault: problem('disk_full') },
      notices: [{ id: 'n', kind: 'new_device', at_ms: 1, device_name: 'x', ip_address: null, application: null }],
    });
    await screen.findByTestId('acting');
    saysNothingOf('organization', 'waiting', 'notice-strip', 'work-fault');
    await userEvent.click(screen.getByTestId('menu'));
    expect(await screen.findByTestId('menu-no-leaving')).toHaveTextContent(fr.meanwhile.leave);
    saysNothingOf('signout', 'menu-password');
    await userEvent.keyboard('{Escape}');
    await userEvent.click(screen.getByTestId('nav-tickets'));
    expect(await screen.findByTestId('meanwhile')).toHaveTextContent(fr.meanwhile.tickets);
    saysNothingOf('ticket-waiting', 'ticket-refused', 'tickets-none');
    expect(port.calls).not.toContain('outbox');
    await userEvent.click(screen.getByTestId('nav-sessions'));
    expect(await screen.findAllByTestId('session-row')).toHaveLength(3);
    saysNothingOf('session-revoke', 'session-signout', 'sessions-revoke-others', 'notice-row');
    await userEvent.click(screen.getByTestId('nav-settings'));
    expect(await screen.findByTestId('meanwhile')).toHaveTextContent(fr.meanwhile.server);
    expect(screen.getByTestId('server-url')).toBeDisabled();
    saysNothingOf('notice-strip');
  });

  it('nothing is saved here, and the key for it says so', async () => {
    const port = await showAs('alix');
    await screen.findByTestId('acting');
    await userEvent.keyboard('{F9}');
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.meanwhile.save);
    expect(port.calls).not.toContain('save');
    port.change(
      {},
      { banner: { kind: 'offline' }, severity: 'warning', connection: { kind: 'lost', trouble: 'offline' } },
    );
    expect(await screen.findByTestId('banner-retry')).toBeInTheDocument();
    saysNothingOf('banner-save', 'banner-reconnect');
    expect(screen.getByTestId('banner-text')).not.toHaveTextContent('enregistré sur cet appareil');
  });

  it('an ended session offers to sign in again all the same', async () => {
    const port = await showAs('alix');
    await screen.findByTestId('acting');
    port.endImpersonation('ended');
    port.change({}, { phase: 'ended', banner: { kind: 'ended', reason: 'revoked' }, severity: 'error' });
    expect(await screen.findByTestId('relogin-username')).toHaveValue('camille');
    expect(screen.getByTestId('banner-reconnect')).toBeInTheDocument();
    saysNothingOf('over-strip');
  });

  it('what is forbidden is not offered in the administration, and says so', async () => {
    const port = await showAs('dominique');
    await userEvent.click(await screen.findByTestId('nav-administration'));
    const says = (about: keyof typeof fr.meanwhile): Promise<void> =>
      waitFor(() => {
        expect(screen.getByTestId('meanwhile')).toHaveTextContent(fr.meanwhile[about]);
      });
    await screen.findAllByTestId('live-row');
    await says('sessions');
    saysNothingOf('live-end', 'end-organization', 'end-all', 'tab-impersonation');
    await userEvent.click(screen.getByTestId('tab-people'));
    await screen.findAllByTestId('person-row');
    await says('people');
    saysNothingOf('person-add', 'person-join');
    await userEvent.click(screen.getAllByTestId('person-open')[0]!);
    await screen.findByTestId('person-sessions');
    saysNothingOf(
      'person-save',
      'person-reset',
      'person-disable',
      'person-remove',
      'person-promote',
      'person-impersonate',
    );
    expect(screen.getByTestId('person-name')).toBeDisabled();
    await userEvent.click(screen.getByTestId('person-close'));
    await userEvent.click(screen.getByTestId('tab-places'));
    await screen.findAllByTestId('site');
    await says('places');
    saysNothingOf('site-rename', 'site-archive', 'till-rename', 'till-archive');
    expect(screen.getByTestId('site-add')).toBeInTheDocument();
    await userEvent.click(screen.getByTestId('tab-categories'));
    await screen.findAllByTestId('category-row');
    await says('categories');
    saysNothingOf('category-edit', 'category-archive');
    expect(screen.getByTestId('category-add')).toBeInTheDocument();
    expect(screen.getAllByTestId('category-down')[0]).toBeInTheDocument();
    await userEvent.click(screen.getByTestId('tab-organizations'));
    await screen.findAllByTestId('organization-row');
    await says('organizations');
    saysNothingOf('organization-add', 'organization-rename', 'organization-work');
    await userEvent.click(screen.getByTestId('tab-alerts'));
    expect(await screen.findByTestId('monitoring-save')).toHaveAttribute('aria-disabled', 'true');
    await says('alerts');
    await userEvent.click(screen.getByTestId('monitoring-save'));
    expect(screen.getByTestId('try-mail')).toHaveAttribute('aria-disabled', 'true');
    saysNothingOf('mail-host');
    expect(port.calls).not.toContain('putMonitoringSettings');
  });
});

describe('afterwards', () => {
  it.each(Object.keys(fr.over.why) as ImpersonationEnd[])('it says that it was "%s", among the people', async (why) => {
    const port = await show({}, (each) => (each.draft = draft()));
    await waitFor(() => expect(total()).toBe('3,00 €'));
    port.impersonate('dominique', 'o1', reason, Date.now());
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await screen.findAllByTestId('live-row');
    port.endImpersonation(why);
    const strip = await screen.findByTestId('over-strip');
    expect(strip).toHaveTextContent(fr.over.why[why]('Dominique Martin'));
    await waitFor(() => expect(screen.getByTestId('tab-people')).toHaveAttribute('aria-selected', 'true'));
    expect(screen.getByTestId('screen-administration')).toBeInTheDocument();
    await waitFor(() => expect(within(strip).getByRole('status')).toHaveTextContent(fr.over.safe));
    await userEvent.click(screen.getByTestId('over-away'));
    await waitFor(() => saysNothingOf('over-strip'));
    expect(port.calls).toContain('putImpersonationEndAway');
    expect(screen.getByTestId('tab-people')).toHaveAttribute('aria-selected', 'true');
  });

  it('one may go elsewhere before it is put away', async () => {
    const port = await showAs('alix', 12, (each) => (each.draft = draft()));
    await screen.findByTestId('acting');
    port.endImpersonation('expired');
    await screen.findByTestId('over-strip');
    await screen.findAllByTestId('person-row');
    await userEvent.click(screen.getByTestId('nav-till'));
    expect(await screen.findByTestId('screen-till')).toBeInTheDocument();
    port.change({ impersonation_over: structuredClone(port.current.impersonation_over) });
    await tick();
    expect(screen.getByTestId('screen-till')).toBeInTheDocument();
    expect(screen.getByTestId('over-strip')).toBeInTheDocument();
  });
});

describe('the board', () => {
  const open = async (): Promise<void> => {
    await userEvent.click(await screen.findByTestId('nav-administration'));
    await userEvent.click(await screen.findByTestId('tab-impersonation'));
  };
  const rows = (): HTMLElement[] => screen.queryAllByTestId('board-row');

  it('shows who acts as whom, why, from where and how long still', async () => {
    await show();
    await open();
    await waitFor(() => expect(rows()).toHaveLength(2));
    const [calm, near] = rows();
    for (const text of ['Louise Garnier', 'Élodie Petit', 'La Boucle', 'Vaisselle', '192.168.1.52', 'Bureau de Louise'])
      expect(calm).toHaveTextContent(text);
    expect(plain(calm!.textContent)).toMatch(/depuis 14 min( \d\d s)?, encore 1 h 4[56]/);
    expect(calm).toHaveAttribute('data-near', 'false');
    expect(within(calm!).queryByTestId('board-near')).toBeNull();
    expect(near).toHaveAttribute('data-near', 'true');
    expect(within(near!).getByTestId('board-near')).toHaveTextContent(fr.board.near);
    expect(screen.getByTestId('board-state')).toHaveTextContent(fr.board.figures(2));
  });

  it('stops anybody’s after one question and the password', async () => {
    const port = await show({}, (each) => (each.reauthenticated = false));
    await open();
    await userEvent.click((await screen.findAllByTestId('board-force'))[1]!);
    const question = await screen.findByTestId('board-confirm');
    expect(question).toHaveTextContent(fr.board.forceTitle('Sacha Nguyen', 'Mehdi Benali'));
    expect(question).toHaveTextContent(fr.board.forceEffect('Sacha Nguyen'));
    await userEvent.click(screen.getByTestId('board-confirm-yes'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.board.forced('Sacha Nguyen', 'Mehdi Benali'));
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(port.impersonating.live.map((each) => each.session_id)).toEqual(['imp-louise']);
  });

  it('says why one could not be stopped', async () => {
    await show({}, (port) => port.failures.set('forceStopImpersonation', problem('impersonation_over')));
    await open();
    await userEvent.click((await screen.findAllByTestId('board-force'))[0]!);
    await userEvent.click(await screen.findByTestId('board-confirm-yes'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.errors.impersonation_over);
  });

  it('stops an own one that was left behind, without a password', async () => {
    const port = await show({}, (each) => {
      each.reauthenticated = false;
      each.impersonating.live[0]!.is_own = true;
    });
    await open();
    expect(await screen.findByText(fr.board.own)).toBeInTheDocument();
    await userEvent.click(screen.getByTestId('board-stop'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(fr.board.stopped('Élodie Petit'));
    await waitFor(() => expect(rows()).toHaveLength(1));
    expect(port.calls).not.toContain('reauthenticate');
  });

  it('follows the event at once, and asks again every ten seconds', async () => {
    const port = await show();
    await open();
    await waitFor(() => expect(rows()).toHaveLength(2));
    port.impersonating.end('imp-louise');
    port.change({ changes: { ...port.current.changes, impersonations: 7 } });
    await waitFor(() => expect(rows()).toHaveLength(1));
    vi.useFakeTimers({ shouldAdvanceTime: true });
    port.change({ changes: { ...port.current.changes, impersonations: 8 } });
    await vi.advanceTimersByTimeAsync(50);
    const asked = (): number => port.calls.filter((call) => call === 'liveImpersonations').length;
    const before = asked();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(asked()).toBe(before);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(asked()).toBe(before + 1);
  });

  it('that is empty, away or stale is a state of its own', async () => {
    const port = await show({}, (each) => each.failures.set('liveImpersonations', problem('offline')));
    await open();
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
    port.failures.clear();
    port.impersonating.live = [];
    await userEvent.click(screen.getByTestId('page-retry'));
    await waitFor(() => expect(screen.getByTestId('board-state')).toHaveTextContent(fr.board.none));
    port.failures.set('liveImpersonations', problem('server_down'));
    port.change({ changes: { ...port.current.changes, impersonations: 9 } });
    expect(await screen.findByTestId('board-stale')).toBeInTheDocument();
  });

  it('is not for whom the server says so', async () => {
    await show({}, (port) => port.failures.set('liveImpersonations', problem('forbidden')));
    await open();
    expect(await screen.findByTestId('board-forbidden')).toHaveTextContent(fr.board.forbidden);
    saysNothingOf('conditions-save');
  });

  it('has the conditions under it, which say what is wrong at the field', async () => {
    const port = await show({}, (each) => (each.reauthenticated = false));
    await open();
    const field = await screen.findByTestId('conditions-networks');
    expect(field).toHaveValue('192.168.1.0/24');
    await userEvent.type(field, '{Enter}bureau');
    await userEvent.click(screen.getByTestId('conditions-save'));
    expect(screen.getByTestId('conditions-problem')).toHaveTextContent(fr.settings.wrong.network('bureau'));
    expect(port.calls).not.toContain('putImpersonationSettings');
    await userEvent.clear(field);
    await userEvent.type(field, '2001:db8::/32');
    await userEvent.click(screen.getByTestId('conditions-tell'));
    await userEvent.click(screen.getByTestId('conditions-save'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.common.saved);
    expect(port.impersonating.settings).toEqual({ allowed_networks: ['2001:db8::/32'], tell_target: false });
    port.failures.set('putImpersonationSettings', problem('validation_failed', { subject: 'allowed_networks' }));
    await userEvent.click(screen.getByTestId('conditions-save'));
    expect(await screen.findByTestId('conditions-problem')).toHaveTextContent(words.errors.validation_failed);
    port.failures.set('putImpersonationSettings', problem('offline'));
    await userEvent.click(screen.getByTestId('conditions-save'));
    expect(await screen.findByTestId('conditions-error')).toHaveTextContent(words.errors.offline);
    expect(office.administration.tabs.impersonation).toBe(fr.name);
  });
});
