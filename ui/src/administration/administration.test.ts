import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import Reauthentication from '../../tests/Reauthentication.svelte';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { OperatorView } from '../shell/port';
import { Ticket } from '../till/ticket.svelte';
import Toaster from '../widgets/Toaster.svelte';
import { fr as words } from '../words/fr';
import { fr } from '../words/office.fr';
import Administration from './Administration.svelte';
import { reachOf, everything } from './live';
import { slugFault, slugOf } from './names';
import { isAbove, rolesToGive } from './roles';

async function show(
  more: Partial<OperatorView> = {},
  tab: string | null = null,
  prepare: (port: FakePort) => void = () => undefined,
): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, ...more } }));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Toaster);
  render(Reauthentication, { app });
  render(Administration, {
    app,
    ticket: new Ticket(port),
    onorganization: async (to) => app.taken(await app.port.switchOrganization(to.organization_id)),
  });
  if (tab) await userEvent.click(screen.getByTestId(`tab-${tab}`));
  return port;
}

const owner: Partial<OperatorView> = { role: 'owner', username: 'dominique', display_name: 'Dominique Martin' };
const toast = (): Promise<HTMLElement> => screen.findByTestId('toast');

describe('the administration', () => {
  it('does not open to a cashier', async () => {
    const port = await show({ role: 'user' });
    expect(screen.getByTestId('administration-forbidden')).toHaveTextContent(fr.administration.forbidden);
    expect(port.calls).not.toContain('liveSessions');
  });

  it('offers organisations to owners and super admins alone', async () => {
    await show();
    expect(screen.queryByTestId('tab-organizations')).toBeNull();
    document.body.replaceChildren();
    await show(owner);
    expect(screen.getByTestId('tab-organizations')).toBeInTheDocument();
  });

  it('is walked by arrow keys', async () => {
    await show();
    screen.getByTestId('tab-sessions').focus();
    await userEvent.keyboard('{ArrowRight}');
    expect(screen.getByTestId('tab-insight')).toHaveAttribute('aria-selected', 'true');
    expect(document.activeElement).toBe(screen.getByTestId('tab-insight'));
    await userEvent.keyboard('{End}');
    expect(screen.getByTestId('tab-lifetimes')).toHaveAttribute('aria-selected', 'true');
  });
});

describe('everybody’s sessions', () => {
  it('come in pages, with who is active', async () => {
    await show();
    expect(await screen.findAllByTestId('live-row')).toHaveLength(20);
    const [first, , , idle] = screen.getAllByTestId('live-row');
    expect(first).toHaveTextContent(fr.live.active);
    expect(within(first!).queryByTestId('live-end')).toBeNull();
    expect(idle).toHaveTextContent(/Inactive depuis 3[45] min/);
    await userEvent.click(screen.getByTestId('live-more'));
    await waitFor(() => expect(screen.getAllByTestId('live-row')).toHaveLength(40));
    await userEvent.click(screen.getByTestId('live-more'));
    await waitFor(() => expect(screen.getAllByTestId('live-row')).toHaveLength(42));
    expect(screen.queryByTestId('live-more')).toBeNull();
  });

  it('are narrowed by device, address, site and idleness', async () => {
    await show();
    await screen.findAllByTestId('live-row');
    await userEvent.type(screen.getByTestId('filter-device'), 'caisse 1');
    await waitFor(() => expect(screen.getAllByTestId('live-row').length).toBeLessThan(20));
    for (const row of screen.getAllByTestId('live-row')) expect(row).toHaveTextContent(/Caisse 1/);
    await userEvent.selectOptions(screen.getByTestId('filter-idle'), '480');
    await waitFor(() => expect(screen.getAllByTestId('live-row').length).toBeLessThan(5));
    await userEvent.type(screen.getByTestId('filter-address'), '10.');
    expect(await screen.findByTestId('live-none')).toHaveTextContent(fr.live.none);
    await userEvent.click(screen.getByTestId('filter-clear'));
    await waitFor(() => expect(screen.getAllByTestId('live-row')).toHaveLength(20));
  });

  it('of one person are found by a part of the name, and closed after one question', async () => {
    const port = await show();
    await screen.findAllByTestId('live-row');
    await userEvent.type(screen.getByTestId('filter-person'), 'garn');
    await screen.findByTestId('filter-person-option');
    await userEvent.keyboard('{ArrowDown}{Enter}');
    await waitFor(() => {
      for (const row of screen.getAllByTestId('live-row')) expect(row).toHaveTextContent('Louise Garnier');
    });
    const count = port.administration.live.filter((each) => each.username === 'louise').length;
    await userEvent.click(screen.getByTestId('end-person'));
    const question = await screen.findByTestId('live-confirm');
    await waitFor(() => expect(question).toHaveTextContent(`Fermer ${count} sessions de Louise Garnier ?`));
    expect(question).toHaveTextContent('1 personne touchée');
    expect(document.activeElement).toBe(screen.getByTestId('live-confirm-no'));
    await userEvent.click(screen.getByTestId('live-confirm-yes'));
    expect(await toast()).toHaveTextContent(fr.live.ended(count));
    expect(port.administration.live.some((each) => each.username === 'louise')).toBe(false);
  });

  it('are closed one at a time, after the password where it is wanted', async () => {
    const port = await show({}, null, (each) => (each.reauthenticated = false));
    await userEvent.click((await screen.findAllByTestId('live-end'))[0]!);
    await userEvent.click(screen.getByTestId('live-confirm-yes'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await toast()).toHaveTextContent(fr.live.ended(1));
    expect(port.administration.ended).toHaveLength(1);
  });

  it('of the organisation are an owner’s to close, and of somebody above nobody’s', async () => {
    const port = await show();
    const rows = await screen.findAllByTestId('live-row');
    expect(screen.queryByTestId('end-organization')).toBeNull();
    expect(port.administration.live.every((each) => each.session.role === 'admin')).toBe(true);
    expect(within(rows[1]!).getByTestId('live-end')).toBeInTheDocument();
    expect(isAbove('owner', view().operator)).toBe(true);
    expect(isAbove('admin', { ...view().operator!, role: 'admin' })).toBe(false);
  });

  it('of the organisation are closed with the count of people and sessions said first', async () => {
    const port = await show(owner);
    await screen.findAllByTestId('live-row');
    expect(screen.queryByTestId('end-all')).toBeNull();
    await userEvent.click(screen.getByTestId('end-organization'));
    const question = await screen.findByTestId('live-confirm');
    await waitFor(() =>
      expect(question).toHaveTextContent(`Fermer 41 sessions de ${view().operator!.organization_name} ?`),
    );
    expect(question).toHaveTextContent('2 personnes touchées');
    await userEvent.click(screen.getByTestId('live-confirm-no'));
    expect(port.calls).not.toContain('endSessionsOfOrganization');
  });

  it('of everybody are a super admin’s to close', async () => {
    const port = await show({ is_super_admin: true });
    await screen.findAllByTestId('live-row');
    expect(await screen.findByTestId('filter-organization')).toBeInTheDocument();
    await userEvent.click(screen.getByTestId('end-all'));
    await userEvent.click(await screen.findByTestId('live-confirm-yes'));
    expect(await toast()).toHaveTextContent(fr.live.ended(41));
    expect(port.administration.live).toHaveLength(1);
  });

  it('are not counted without end', async () => {
    const port = new FakePort();
    let pages = 0;
    port.liveSessions = async () => {
      pages += 1;
      return { status: 'ok', data: { sessions: port.administration.live, next: 'more' } };
    };
    const answer = await reachOf(port, everything);
    expect(answer).toMatchObject({ status: 'ok', data: { more: true } });
    expect(pages).toBe(Math.ceil(1_000 / 42));
  });

  it('say why they cannot be shown', async () => {
    await show({}, null, (port) => port.failures.set('liveSessions', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
  });
});

describe('people', () => {
  it('are found by name', async () => {
    await show({}, 'people');
    expect(await screen.findAllByTestId('person-row')).toHaveLength(12);
    await userEvent.type(screen.getByTestId('people-search'), 'zo');
    await waitFor(() => expect(screen.getAllByTestId('person-row')).toHaveLength(1));
    expect(screen.getByTestId('person-row')).toHaveTextContent(fr.people.never);
  });

  it('get an account with a password that is shown once', async () => {
    const port = await show({}, 'people');
    await userEvent.click(await screen.findByTestId('person-add'));
    expect(screen.queryByTestId('role-owner')).toBeNull();
    await userEvent.type(screen.getByTestId('add-display_name'), 'Inès Faure');
    await userEvent.type(screen.getByTestId('add-username'), 'camille');
    await userEvent.click(screen.getByTestId('role-manager'));
    await userEvent.selectOptions(screen.getByTestId('person-site'), 'site-1');
    await userEvent.click(screen.getByTestId('add-submit'));
    expect(await screen.findByTestId('add-problem')).toHaveTextContent(words.errors.name_taken);
    await userEvent.clear(screen.getByTestId('add-username'));
    await userEvent.type(screen.getByTestId('add-username'), 'ines{Enter}');
    expect(await screen.findByTestId('one-time-password')).toHaveValue('tulipe-canard-7');
    screen.getByTestId('one-time').dispatchEvent(new Event('cancel', { cancelable: true }));
    expect(screen.getByTestId('one-time')).toBeInTheDocument();
    await userEvent.click(screen.getByTestId('one-time-done'));
    expect(screen.queryByTestId('one-time')).toBeNull();
    expect(port.administration.everybody.find((each) => each.username === 'ines')).toMatchObject({
      role: 'manager',
      site_id: 'site-1',
    });
  });

  it('of another organisation get a role here from a super admin alone', async () => {
    const port = await show({ is_super_admin: true }, 'people', (each) => (each.reauthenticated = false));
    await screen.findAllByTestId('person-row');
    await userEvent.click(screen.getByTestId('person-join'));
    await userEvent.click(screen.getByTestId('join-submit'));
    expect(screen.getByTestId('join-problem')).toHaveTextContent(fr.people.joinMissing);
    await userEvent.type(screen.getByTestId('filter-person'), 'bihan');
    await userEvent.click(await screen.findByTestId('filter-person-option'));
    await userEvent.click(screen.getByTestId('role-manager'));
    await userEvent.click(screen.getByTestId('join-submit'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await toast()).toHaveTextContent(
      fr.people.joined('Yann Le Bihan', view().operator!.organization_name ?? ''),
    );
    expect(port.administration.everybody.at(-1)).toMatchObject({ username: 'yann', role: 'manager' });
    document.body.replaceChildren();
    await show(owner, 'people');
    expect(screen.queryByTestId('person-join')).toBeNull();
  });

  it('are changed in what may be changed', async () => {
    const port = await show(owner, 'people');
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    const name = await screen.findByTestId('person-name');
    await userEvent.clear(name);
    await userEvent.type(name, 'Alix B.');
    await userEvent.click(screen.getByTestId('role-manager'));
    await userEvent.click(screen.getByTestId('person-save'));
    expect(await screen.findByTestId('person-confirm')).toHaveTextContent(
      fr.people.roleTitle('Alix Bernard', fr.roles.manager).replace('\u00a0', ' '),
    );
    await userEvent.click(screen.getByTestId('person-confirm-yes'));
    expect(await toast()).toHaveTextContent(fr.administration.saved);
    expect(port.administration.everybody[0]).toMatchObject({ display_name: 'Alix B.', role: 'manager' });
  });

  it('above oneself and oneself are not touched', async () => {
    await show({}, 'people');
    const rows = await screen.findAllByTestId('person-open');
    await userEvent.click(rows[4]!);
    expect(await screen.findByTestId('person-above')).toBeInTheDocument();
    for (const id of ['person-save', 'person-reset', 'person-disable', 'person-remove'])
      expect(screen.queryByTestId(id)).toBeNull();
    await userEvent.click(screen.getByTestId('person-close'));
    await userEvent.click(rows[3]!);
    expect(await screen.findByText(fr.people.yourself)).toBeInTheDocument();
    expect(screen.queryByTestId('person-disable')).toBeNull();
  });

  it('are disabled after a question that says how many sessions close', async () => {
    const port = await show({}, 'people', (each) => (each.reauthenticated = false));
    const louise = (await screen.findAllByTestId('person-row')).findIndex((row) =>
      /louise/.test(row.textContent ?? ''),
    );
    await userEvent.click(screen.getAllByTestId('person-open')[louise]!);
    await userEvent.click(await screen.findByTestId('person-disable'));
    const question = await screen.findByTestId('person-confirm');
    expect(question).toHaveTextContent(/\d+ sessions seront fermées aussitôt/);
    await userEvent.click(screen.getByTestId('person-confirm-yes'));
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await toast()).toHaveTextContent(fr.people.disabledDone('Louise Garnier'));
    expect(await screen.findByTestId('person-enable')).toBeInTheDocument();
    expect(port.administration.live.some((each) => each.username === 'louise')).toBe(false);
  });

  it('are named general administrators, and no longer, by somebody above after the question and the password', async () => {
    const port = await show({ is_super_admin: true }, 'people', (each) => (each.reauthenticated = false));
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    expect(screen.queryByTestId('person-super-admin')).toBeNull();
    await userEvent.click(await screen.findByTestId('person-promote'));
    const question = screen.getByTestId('person-confirm');
    expect(question).toHaveTextContent('Alix Bernard');
    expect(question).toHaveTextContent('toutes les organisations');
    expect(screen.getByTestId('person-confirm-yes')).toHaveTextContent(fr.people.promote);
    await userEvent.click(screen.getByTestId('person-confirm-yes'));
    expect(port.administration.everybody[0]!.is_super_admin).toBe(false);
    await userEvent.type(await screen.findByTestId('reauthenticate-password'), 'juste{Enter}');
    expect(await toast()).toHaveTextContent(fr.people.promoted('Alix Bernard'));
    expect(await screen.findByTestId('person-super-admin')).toHaveTextContent(fr.people.hasRank);
    expect(port.administration.everybody[0]!.is_super_admin).toBe(true);
    await userEvent.click(screen.getByTestId('person-demote'));
    expect(screen.getByTestId('person-confirm')).toHaveTextContent('Alix Bernard garde son rôle');
    await userEvent.click(screen.getByTestId('person-confirm-yes'));
    await waitFor(() => expect(port.administration.everybody[0]!.is_super_admin).toBe(false));
    expect(screen.queryByTestId('person-super-admin')).toBeNull();
  });

  it('keep the general rank to themselves: nobody below sees it, and nobody takes the own', async () => {
    const prepare = (port: FakePort): void => {
      for (const each of port.administration.everybody) each.is_super_admin = each.username !== 'dominique';
    };
    await show(owner, 'people', prepare);
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    expect(await screen.findByTestId('person-above')).toBeInTheDocument();
    expect(screen.queryByTestId('person-rank')).toBeNull();
    document.body.replaceChildren();
    await show({ is_super_admin: true }, 'people', prepare);
    await userEvent.click((await screen.findAllByTestId('person-open'))[3]!);
    expect(await screen.findByTestId('person-super-admin')).toBeInTheDocument();
    expect(screen.getByTestId('person-rank')).toHaveTextContent(fr.people.rankOfYourself);
    expect(screen.queryByTestId('person-demote')).toBeNull();
    expect(screen.queryByTestId('person-promote')).toBeNull();
  });

  it('say why the rank stays where the server refuses', async () => {
    await show({ is_super_admin: true }, 'people', (port) => port.failures.set('changePerson', problem('forbidden')));
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    await userEvent.click(await screen.findByTestId('person-promote'));
    await userEvent.click(screen.getByTestId('person-confirm-yes'));
    expect(await screen.findByTestId('person-error')).toHaveTextContent(words.errors.forbidden);
  });

  it('say why a change was refused', async () => {
    await show(owner, 'people', (port) => port.failures.set('removePerson', problem('last_owner')));
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    await userEvent.click(await screen.findByTestId('person-remove'));
    await userEvent.click(await screen.findByTestId('person-confirm-yes'));
    expect(await screen.findByTestId('person-error')).toHaveTextContent(words.errors.last_owner);
  });

  it('lead to their sessions', async () => {
    await show({}, 'people');
    await userEvent.click((await screen.findAllByTestId('person-open'))[0]!);
    await userEvent.click(await screen.findByTestId('person-sessions'));
    expect(await screen.findByTestId('filter-person-clear')).toHaveTextContent('Alix Bernard');
  });
});

describe('sites and tills', () => {
  it('are added, named, archived and put back', async () => {
    const port = await show({}, 'places');
    expect(await screen.findAllByTestId('site')).toHaveLength(3);
    await userEvent.click(screen.getByTestId('site-add'));
    await userEvent.click(screen.getByTestId('name-save'));
    expect(screen.getByTestId('name-problem')).toHaveTextContent(fr.administration.nameMissing);
    await userEvent.type(screen.getByTestId('name-field'), 'Carquefou{Enter}');
    await waitFor(() => expect(screen.getAllByTestId('site')).toHaveLength(4));
    await userEvent.click(screen.getAllByTestId('till-add')[3]!);
    await userEvent.type(screen.getByTestId('name-field'), 'Caisse 1{Enter}');
    await waitFor(() =>
      expect(port.administration.tills.at(-1)).toMatchObject({ site_id: 'site-3', name: 'Caisse 1' }),
    );
    await userEvent.click(screen.getAllByTestId('site-archive')[0]!);
    expect(screen.getByTestId('archive-confirm')).toHaveTextContent('Ce site et ses 2 caisses');
    await userEvent.click(screen.getByTestId('archive-confirm-yes'));
    await waitFor(() => expect(screen.getAllByTestId('site')).toHaveLength(3));
    await userEvent.click(screen.getByTestId('places-archived'));
    await userEvent.click(screen.getByTestId('site-restore'));
    await waitFor(() => expect(port.administration.sites[0]!.is_archived).toBe(false));
  });

  it('cannot have the name of another', async () => {
    await show({}, 'places', (port) => port.failures.set('changeTill', problem('name_taken')));
    await userEvent.click((await screen.findAllByTestId('till-rename'))[0]!);
    await userEvent.type(screen.getByTestId('name-field'), '2{Enter}');
    expect(await screen.findByTestId('name-problem')).toHaveTextContent(words.errors.name_taken);
  });
});

describe('organisations', () => {
  it('are added by a super admin, with a short name made of the name', async () => {
    const port = await show({ is_super_admin: true }, 'organizations');
    await userEvent.click(await screen.findByTestId('organization-add'));
    await userEvent.type(screen.getByTestId('name-field'), "L'Écocycle d'Orvault");
    expect(screen.getByTestId('organization-slug')).toHaveValue('l-ecocycle-d-orvault');
    await userEvent.clear(screen.getByTestId('organization-slug'));
    await userEvent.type(screen.getByTestId('organization-slug'), 'Éco!');
    await userEvent.click(screen.getByTestId('name-save'));
    expect(screen.getByTestId('slug-problem')).toHaveTextContent(fr.organizationList.slugWrong);
    await userEvent.clear(screen.getByTestId('organization-slug'));
    await userEvent.type(screen.getByTestId('organization-slug'), 'ecocycle{Enter}');
    await waitFor(() => expect(port.administration.organizations.at(-1)?.slug).toBe('ecocycle'));
  });

  it('are renamed, and one goes to work in another', async () => {
    const port = await show({ is_super_admin: true, role: 'owner' }, 'organizations');
    await userEvent.click((await screen.findAllByTestId('organization-rename'))[0]!);
    await userEvent.type(screen.getByTestId('name-field'), ' 2{Enter}');
    await waitFor(() => expect(port.administration.organizations[0]!.name).toBe('La Boucle 2'));
    await userEvent.click(screen.getAllByTestId('organization-work')[0]!);
    await waitFor(() => expect(port.current.operator?.organization_id).toBe('o2'));
  });

  it('have short names of plain letters', () => {
    expect(slugOf('  Œuvre & Été 2026 ! ')).toMatch(/^[a-z0-9-]+$/);
    expect(slugFault(slugOf('Été'))).toBe(false);
    for (const slug of ['', '-a', 'a-', 'a--b', 'A', 'é', 'a'.repeat(65)]) expect(slugFault(slug), slug).toBe(true);
  });
});

it('nobody gives a role above the own', () => {
  const give = (more: Partial<OperatorView>): string[] => rolesToGive({ ...view().operator!, ...more });
  expect(give({ role: 'admin' })).toEqual(['user', 'manager', 'admin']);
  expect(give({ role: 'owner' })).toEqual(['user', 'manager', 'admin', 'owner']);
  expect(give({ role: 'user', is_super_admin: true })).toHaveLength(4);
  expect(give({ role: null })).toEqual(['user']);
});
