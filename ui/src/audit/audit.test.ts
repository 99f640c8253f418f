import { readdirSync, readFileSync } from 'node:fs';
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { App } from '../session/app.svelte';
import { FakePort, problem, view } from '../shell/fake';
import type { AuditRecord, OperatorView } from '../shell/port';
import Toaster from '../widgets/Toaster.svelte';
import { fr } from '../words/audit.fr';
import { fr as words } from '../words/fr';
import { locale } from '../words/locale.svelte';
import { actionsOf, groupOf, groupOfAction, groups, quick } from './actions';
import Audit from './Audit.svelte';
import { dayFault, isNarrowed, none, queryOf, withGroup } from './filters';
import {
  actionWords,
  changesOf,
  exactly,
  fieldWords,
  kindWords,
  shortId,
  targetWords,
  valueWords,
  whoWords,
} from './lines';

async function show(
  more: Partial<OperatorView> = {},
  prepare: (port: FakePort) => void = () => undefined,
): Promise<FakePort> {
  const port = new FakePort(view({ operator: { ...view().operator!, ...more } }));
  prepare(port);
  const app = new App(port);
  await app.start();
  render(Toaster);
  render(Audit, { app });
  return port;
}

const rows = (): HTMLElement[] => screen.queryAllByTestId('audit-row');
const actions = (): (string | undefined)[] => rows().map((row) => row.dataset['action']);
const plain = (text: string | null): string => (text ?? '').replace(/[\u00a0\u202f]/g, ' ');
const last = (port: FakePort): ReturnType<typeof queryOf> => port.auditing.asked.at(-1)!;

async function openOf(action: string): Promise<HTMLElement> {
  await waitFor(() => expect(actions()).toContain(action));
  const row = rows().find((each) => each.dataset['action'] === action)!;
  await userEvent.click(within(row).getByTestId('audit-open'));
  return screen.findByTestId('audit-sheet');
}

describe('the deeds', () => {
  /** The server's sources, tests and settings apart. */
  function rustSources(): string[] {
    return ['server', 'store', 'store-sqlite', 'store-postgres']
      .map((each) => `../crates/${each}/src`)
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.rs') && !/(^|\/)(conformance|config|tests)(\/|\.rs)|failpoint/.test(path))
          .map((path) => readFileSync(`${folder}/${path}`, 'utf8')),
      );
  }

  /** What they write down, by the form of a deed's name. */
  function written(): Set<string> {
    const doers =
      'alerts|audit|category|categories|database|impersonation|login|membership|organization|password|reauthentication|sale|session|sessions|settings|site|till|user';
    const form = new RegExp(`"((?:${doers})\\.[a-z_]+)"`, 'g');
    return new Set(rustSources().flatMap((text) => [...text.matchAll(form)].map((match) => match[1]!)));
  }

  it('that the server writes down all have words and a group', () => {
    const found = written();
    expect(found.size).toBeGreaterThan(40);
    expect([...found].filter((action) => groupOfAction(action) === null)).toEqual([]);
  });

  it('are in the groups by which the server filters, where its list names them', () => {
    const pairs = rustSources().flatMap((text) => [...text.matchAll(/\("([a-z_]+\.[a-z_]+)", ([A-Z][A-Za-z]+)\)/g)]);
    const variants = new Map(
      groups.map((group) => [group.replace(/(^|_)([a-z])/g, (_, __, c) => c.toUpperCase()), group]),
    );
    for (const [, action, variant] of pairs)
      if (variants.has(variant!)) expect(groupOfAction(action!), action).toBe(variants.get(variant!));
  });

  it('are in one group each, and in the order of the groups', () => {
    expect(groups.flatMap((group) => actionsOf(group))).toEqual(Object.keys(groupOf));
    expect(actionsOf(null)).toHaveLength(Object.keys(groupOf).length);
  });

  it('that are not known show their own name', () => {
    expect(actionWords('drone.launched')).toBe('drone.launched');
    expect(actionWords('toString')).toBe('toString');
    expect(groupOfAction('constructor')).toBeNull();
    expect(kindWords('drone:1')).toBe('drone');
    expect(fieldWords('wing_span')).toBe('wing_span');
  });
});

describe('a line in words', () => {
  const line = (more: Partial<AuditRecord>): AuditRecord => ({ ...new FakePort().auditing.all[0]!, ...more });
  const alix = { user_id: 'u0', username: 'alix' };
  const camille = { user_id: 'u3', username: 'camille' };

  it('says who it was, both where one looked through the other’s eyes', () => {
    expect(whoWords(line({ actor: alix }))).toBe('alix');
    expect(whoWords(line({ actor: alix, impersonated: camille }))).toBe('alix en tant que camille');
    expect(whoWords(line({ actor: { ...alix, username: null } }))).toBe(fr.gone);
    expect(whoWords(line({ actor: null }))).toBe(fr.nobody);
    expect(whoWords(line({ actor: null, user_agent: 'vigie-server/0.1.0' }))).toBe(fr.program);
    expect(whoWords(line({ actor: null, detail: { by: 'vigie-server' } }))).toBe(fr.program);
  });

  it('names what it was done to, or the end of its id', () => {
    expect(targetWords({ target: 'site:1', target_name: 'Rezé' })).toBe('Rezé');
    expect(targetWords({ target: 'site:0190b2c4-7d1e-7a40-9c11-0123456789ab', target_name: null })).toBe('…456789ab');
    expect(targetWords({ target: null, target_name: null })).toBe('–');
    expect(shortId('u1')).toBe('u1');
  });

  it.each([
    ['role', 'owner', 'Propriétaire'],
    ['is_bound', 'true', 'Oui'],
    ['archived', 'false', 'Non'],
    ['price_cents', '1250', '12,50 €'],
    ['reason', 'wrong_password', 'Mot de passe faux'],
    ['sessions', 'keep', 'Gardées'],
    ['direction', 'up', 'Vers le haut'],
    ['device_limit', '', '–'],
    ['device_limit', 'null', '–'],
    ['idle_timeout_minutes', '480', '480'],
    ['name', 'true', 'true'],
    ['username', 'owner', 'owner'],
    ['host', 'keep', 'keep'],
    ['recipients', '["a@laboucle.example","b@laboucle.example"]', 'a@laboucle.example, b@laboucle.example'],
    ['recipients', '[]', '–'],
    ['recipients', '[broken', '[broken'],
    ['opening_hours', '[{"weekday":2,"opens_minute":570,"closes_minute":1440}]', 'Mardi 09:30–24:00'],
    ['name', '["a"]', '["a"]'],
  ])('says %s %s as %s', (field, value, said) => {
    expect(plain(valueWords(field, value))).toBe(said);
  });

  it('sets what was before beside what is now', () => {
    expect(changesOf({ before: { a: '1', b: '2' }, after: { b: '3', c: '4' } })).toEqual([
      { field: 'a', before: '1', after: undefined },
      { field: 'b', before: '2', after: '3' },
      { field: 'c', before: undefined, after: '4' },
    ]);
  });

  it('tells the moment to the second, with its zone', async () => {
    const at = new Date(2026, 2, 3, 14, 32, 7).toISOString();
    expect(exactly(at)).toMatch(/mardi 3 mars 2026.*14:32:07 \S+/);
    await locale.set('en');
    expect(exactly(at)).toMatch(/Tuesday,? 3 March 2026.*14:32:07 \S+/);
  });
});

describe('filters', () => {
  it('of days hold from the beginning of one to the end of the other, by this device’s calendar', () => {
    // In Europe the clocks go forward in that night.
    const query = queryOf({ ...none, from: '29/03/2026', to: '29/03/2026' });
    expect(query.from).toBe(new Date(2026, 2, 29).toISOString());
    expect(query.to).toBe(new Date(2026, 2, 30).toISOString());
    expect(queryOf(none)).toEqual({
      group: null,
      action: null,
      actor_user_id: null,
      impersonated_user_id: null,
      session_id: null,
      target: null,
      result: null,
      from: null,
      to: null,
      organization_id: null,
    });
  });

  it.each([
    ['', '', null],
    ['29/03/2026', ' ', null],
    ['29.3.2026', '29-03-2026', null],
    ['2026-03-29', '29 03 2026', null],
    ['30/03/2026', '29/03/2026', 'order'],
    ['30/02/2026', '', 'from'],
    ['29/03/26', '', 'from'],
    ['', '29/03', 'to'],
    ['', 'demain', 'to'],
  ])('from "%s" to "%s" are wrong at %s', (from, to, fault) => {
    expect(dayFault({ from, to })).toBe(fault);
  });

  it('keep a deed only within its group', () => {
    const denied = { ...none, action: 'login.denied' };
    expect(withGroup(denied, 'sign_ins').action).toBe('login.denied');
    expect(withGroup(denied, 'people').action).toBe('');
    expect(withGroup({ ...denied, group: 'sign_ins' }, null).action).toBe('login.denied');
    expect([isNarrowed(none), isNarrowed({ ...none, session_id: 's' })]).toEqual([false, true]);
  });
});

describe('the log', () => {
  it('is not for a cashier, in a sentence', async () => {
    const port = await show({ role: 'manager' });
    expect(screen.getByTestId('audit-forbidden')).toHaveTextContent(fr.forbidden);
    expect(port.calls).not.toContain('audit');
  });

  it('has one head for each cell of a line', async () => {
    await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    expect(screen.getAllByRole('columnheader')).toHaveLength(within(rows()[0]!).getAllByRole('cell').length);
  });

  it('is not for whom the server says so', async () => {
    await show({}, (port) => port.failures.set('audit', problem('forbidden')));
    expect(await screen.findByTestId('audit-forbidden')).toBeInTheDocument();
    expect(screen.queryByTestId('audit-export-csv')).toBeNull();
  });

  it('says why it cannot be had, and comes with a press', async () => {
    const port = await show({}, (each) => each.failures.set('audit', problem('offline')));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.offline);
    port.failures.delete('audit');
    await userEvent.click(screen.getByTestId('page-retry'));
    await waitFor(() => expect(rows()).toHaveLength(20));
    expect(screen.queryByTestId('page-error')).toBeNull();
  });

  it('that is empty is a state of its own', async () => {
    await show({}, (port) => (port.auditing.all = []));
    expect(await screen.findByTestId('audit-none')).toHaveTextContent(fr.empty);
    await userEvent.click(screen.getByTestId('audit-group-sales'));
    await waitFor(() => expect(screen.getByTestId('audit-none')).toHaveTextContent(fr.none));
  });

  it('shows each line in words, with badges that say themselves', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    const [newest, renamed, denied] = rows();
    expect(newest).toHaveTextContent(fr.actions['sale.kept']);
    expect(newest).toHaveTextContent(fr.number(port.auditing.all[0]!.sequence));
    expect(newest).toHaveTextContent(fr.unsealed);
    expect(renamed).toHaveTextContent('louise en tant que camille');
    expect(renamed).toHaveTextContent(fr.groups.places);
    expect(renamed).not.toHaveTextContent(fr.unsealed);
    expect(within(renamed!).getByText(fr.results.done).querySelector('svg')).not.toBeNull();
    expect(within(denied!).getByText(fr.results.denied).querySelector('svg')).not.toBeNull();
    expect(denied).toHaveTextContent(fr.nobody);
    expect(screen.getByTestId('audit-figures')).toHaveTextContent(/^20\+ lignes, à \d\d:\d\d\./);
    expect(renamed).not.toHaveTextContent('La Boucle');
  });

  it('names the organisation of each line to a super admin, who may pick one', async () => {
    const port = await show({ is_super_admin: true });
    await waitFor(() => expect(rows()[1]).toHaveTextContent('La Boucle'));
    expect(rows().find((row) => row.dataset['action'] === 'database.restored')).toHaveTextContent(fr.everywhere);
    await userEvent.selectOptions(await screen.findByTestId('audit-organization'), 'o1');
    await waitFor(() => expect(last(port).organization_id).toBe('o1'));
    await waitFor(() => expect(rows()[1]).not.toHaveTextContent('La Boucle'));
  });

  it('goes on with further pages, which stay when the next one cannot be had', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    await userEvent.click(screen.getByTestId('audit-next'));
    await waitFor(() => expect(rows()).toHaveLength(40));
    port.failures.set('audit', problem('offline'));
    await userEvent.click(screen.getByTestId('audit-next'));
    expect(await screen.findByTestId('page-error')).toBeInTheDocument();
    expect(rows()).toHaveLength(40);
    port.failures.delete('audit');
    await userEvent.click(screen.getByTestId('page-retry'));
    await waitFor(() => expect(rows()).toHaveLength(port.auditing.all.length));
    expect(screen.queryByTestId('audit-next')).toBeNull();
    const numbers = rows().map((row) => /n° (\d+)/.exec(row.textContent ?? '')?.[1]);
    expect(new Set(numbers).size).toBe(port.auditing.all.length);
  });

  it('goes on with what it began with while another filter is being typed', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    await userEvent.type(screen.getByTestId('audit-from'), '1/1/20');
    await userEvent.selectOptions(screen.getByTestId('audit-action'), 'sale.kept');
    await userEvent.click(screen.getByTestId('audit-next'));
    await waitFor(() => expect(rows()).toHaveLength(40));
    expect(last(port)).toEqual(queryOf(none));
    await userEvent.click(screen.getByTestId('audit-reload'));
    expect(port.auditing.asked).toHaveLength(2);
  });

  it('is looked at anew with a press', async () => {
    const port = await show();
    await waitFor(() => expect(rows()[0]).toHaveTextContent(fr.unsealed));
    port.auditing.all = port.auditing.all.map((each) => ({ ...each, sealed: true }));
    await userEvent.click(screen.getByTestId('audit-reload'));
    await waitFor(() => expect(rows()[0]).not.toHaveTextContent(fr.unsealed));
  });
});

describe('narrowing the log', () => {
  it.each(groups)('to the group "%s" is one press, and back another', async (group) => {
    await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    const chip = screen.getByTestId(`audit-group-${group}`);
    expect(chip).toHaveTextContent(fr.groups[group]);
    await userEvent.click(chip);
    expect(chip).toHaveAttribute('aria-pressed', 'true');
    await waitFor(() => expect(new Set(actions().map((action) => groupOfAction(action!)))).toEqual(new Set([group])));
    await userEvent.click(chip);
    expect(chip).toHaveAttribute('aria-pressed', 'false');
    await waitFor(() => expect(rows()).toHaveLength(20));
  });

  it('by person, object, deed, result and days goes to the server whole', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    await userEvent.type(screen.getByTestId('audit-actor'), 'dom');
    await userEvent.click(await screen.findByTestId('audit-actor-option'));
    await userEvent.type(screen.getByTestId('audit-target'), 'alix');
    await userEvent.click(await screen.findByTestId('audit-target-option'));
    await userEvent.selectOptions(screen.getByTestId('audit-action'), 'membership.changed');
    await userEvent.selectOptions(screen.getByTestId('audit-result'), 'done');
    await userEvent.type(screen.getByTestId('audit-from'), '02/01/2026');
    await userEvent.type(screen.getByTestId('audit-to'), '2/1/2126');
    const wanted = {
      actor_user_id: 'u4',
      target: 'user:u0',
      action: 'membership.changed',
      result: 'done',
      from: new Date(2026, 0, 2).toISOString(),
      to: new Date(2126, 0, 3).toISOString(),
    };
    await waitFor(() => expect(last(port)).toMatchObject(wanted));
    await waitFor(() => expect(new Set(actions())).toEqual(new Set(['membership.changed'])));
    await userEvent.click(screen.getByTestId('audit-clear'));
    await waitFor(() => expect(last(port)).toEqual(queryOf(none)));
    expect(screen.queryByTestId('audit-clear')).toBeNull();
  });

  it('offers the deeds of the group that is pressed', async () => {
    await show();
    await userEvent.click(screen.getByTestId('audit-group-revocations'));
    const offered = within(screen.getByTestId('audit-action')).getAllByRole('option');
    expect(offered).toHaveLength(actionsOf('revocations').length + 1);
  });

  it('by days that contradict each other says so and asks nothing', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    await userEvent.type(screen.getByTestId('audit-from'), '30/03/2026');
    await waitFor(() => expect(last(port).from).not.toBeNull());
    const asked = port.auditing.asked.length;
    await userEvent.type(screen.getByTestId('audit-to'), '29/03/2026');
    expect(await screen.findByTestId('audit-day-problem')).toHaveTextContent(fr.wrongDay.order);
    await userEvent.click(screen.getByTestId('audit-export-csv'));
    await new Promise((done) => setTimeout(done, 400));
    expect(port.auditing.asked).toHaveLength(asked);
    expect(port.auditing.exported).toEqual([]);
  });

  it('by a day that is no day says so once it is typed, and asks nothing', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    await userEvent.type(screen.getByTestId('audit-from'), '31/02/2026');
    expect(screen.queryByTestId('audit-day-problem')).toBeNull();
    await userEvent.tab();
    expect(await screen.findByTestId('audit-day-problem')).toHaveTextContent(fr.wrongDay.from);
    await new Promise((done) => setTimeout(done, 400));
    expect(port.auditing.asked).toHaveLength(1);
  });

  it('never shows lines of other filters in the place of those that cannot be had', async () => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    port.failures.set('audit', problem('server_busy'));
    await userEvent.click(screen.getByTestId('audit-group-people'));
    expect(await screen.findByTestId('page-error')).toHaveTextContent(words.errors.server_busy);
    expect(rows()).toHaveLength(0);
    expect(screen.getByTestId('audit-figures').textContent?.trim()).toBe('');
  });
});

describe('one line', () => {
  it('opens with everything it holds, by name', async () => {
    const port = await show();
    const record = port.auditing.all.find((each) => each.action === 'site.renamed')!;
    const sheet = await openOf('site.renamed');
    for (const text of [
      fr.actions['site.renamed'],
      'louise en tant que camille',
      fr.sealed,
      fr.sealedHint,
      record.reason!,
      'Site · Rezé',
      'Bureau de Louise',
      '192.168.1.52',
      'Vigie/0.1.0 (Linux)',
      'La Boucle',
      record.id,
      record.session_id!,
      record.request_id,
      record.sequence,
      'site.renamed',
    ])
      expect(sheet).toHaveTextContent(text);
    const change = within(sheet).getByTestId('audit-changes').querySelector('[data-field="name"]')!;
    expect([...change.children].map((cell) => cell.textContent)).toEqual([fr.fields.name, 'Reze', 'Rezé']);
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByTestId('audit-sheet')).toBeNull();
    expect(document.activeElement).toHaveAttribute(
      'aria-label',
      fr.openLabel(record.sequence, fr.actions['site.renamed']),
    );
  });

  it('that is not sealed yet says so', async () => {
    await show();
    await openOf('sale.kept');
    expect(screen.getByTestId('audit-seal')).toHaveTextContent(fr.unsealedHint);
    expect(screen.queryByTestId('audit-changes')).toBeNull();
    expect(plain(screen.getByTestId('audit-details').textContent)).toContain('18,50 €');
  });

  it('of a denied sign-in says why, and offers nobody as its author', async () => {
    await show();
    const sheet = await openOf('login.denied');
    expect(sheet).toHaveTextContent('Mot de passe faux');
    expect(sheet).toHaveTextContent(fr.results.denied);
    expect(within(sheet).queryByTestId('audit-more-actor')).toBeNull();
    expect(within(sheet).queryByTestId('audit-more-session')).toBeNull();
  });

  it.each([
    ['actor', { actor_user_id: 'u8' }],
    ['impersonated', { impersonated_user_id: 'u3' }],
    ['target', { target: 'site:site-1' }],
    ['session', {}],
  ])('leads to those with the same %s', async (kind, wanted) => {
    const port = await show();
    const { session_id } = port.auditing.all.find((each) => each.action === 'site.renamed')!;
    await openOf('site.renamed');
    await userEvent.click(screen.getByTestId(`audit-more-${kind}`));
    expect(screen.queryByTestId('audit-sheet')).toBeNull();
    const query = { ...queryOf(none), ...(kind === 'session' ? { session_id } : wanted) };
    await waitFor(() => expect(last(port)).toEqual(query));
    const drop = { actor: 'audit-actor-clear', target: 'audit-target-clear' }[kind] ?? 'audit-taken';
    await userEvent.click(screen.getByTestId(drop));
    await waitFor(() => expect(last(port)).toEqual(queryOf(none)));
  });

  it('gives its ids to copy, by hand where the window may not', async () => {
    const port = await show();
    const user = userEvent.setup();
    const record = port.auditing.all.find((each) => each.action === 'site.renamed')!;
    await openOf('site.renamed');
    const copy = screen.getByRole('button', { name: fr.copy(fr.facts.id) });
    await user.click(copy);
    expect(await navigator.clipboard.readText()).toBe(record.id);
    expect(await screen.findByText(fr.copied)).toBeInTheDocument();
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('refused'));
    document.execCommand = () => false;
    await user.click(copy);
    expect(await screen.findByText(fr.copyByHand)).toBeInTheDocument();
    expect(getSelection()?.toString()).toBe(record.id);
  });
});

describe('what is looked for most in impersonation', () => {
  it.each(quick)('is one press away: %s', async (action) => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    expect(screen.queryByTestId(`audit-quick-${action}`)).toBeNull();
    await userEvent.click(screen.getByTestId('audit-group-impersonation'));
    await userEvent.click(screen.getByTestId(`audit-quick-${action}`));
    await waitFor(() => expect(last(port)).toEqual({ ...queryOf(none), group: 'impersonation', action }));
    await waitFor(() => expect(new Set(actions())).toEqual(new Set([action])));
    expect(screen.getByTestId('audit-action')).toHaveValue(action);
    expect(screen.getByTestId(`audit-quick-${action}`)).toHaveAttribute('aria-pressed', 'true');
    await userEvent.click(screen.getByTestId(`audit-quick-${action}`));
    await waitFor(() => expect(last(port)).toEqual({ ...queryOf(none), group: 'impersonation' }));
  });
});

describe('an export', () => {
  it.each(['csv', 'jsonl'] as const)('as %s takes the filters along and says where it is', async (format) => {
    const port = await show();
    await waitFor(() => expect(rows()).toHaveLength(20));
    await userEvent.click(screen.getByTestId('audit-group-people'));
    await userEvent.click(screen.getByTestId(`audit-export-${format}`));
    expect(await screen.findByTestId('toast')).toHaveTextContent(`vigie-audit-2026-01-02.${format}`);
    expect(port.auditing.exported).toEqual([[format, { ...queryOf(none), group: 'people' }]]);
  });

  it('says why it cannot be saved', async () => {
    await show({}, (port) => port.failures.set('exportAudit', problem('disk_full')));
    await userEvent.click(await screen.findByTestId('audit-export-jsonl'));
    expect(await screen.findByTestId('toast')).toHaveTextContent(words.errors.disk_full);
  });
});
