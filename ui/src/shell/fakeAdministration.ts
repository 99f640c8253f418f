// People, organisations, sites, tills and everybody's sessions of the shell in memory.

import type {
  LiveSession,
  NewTillRequest,
  NewUserRequest,
  OperatorView,
  OrganizationRole,
  OrganizationSummary,
  OwnOrganization,
  PeoplePage,
  MembershipRequest,
  PeopleQuery,
  Person,
  PersonDetail,
  SessionPage,
  SessionQuery,
  Site,
  Till,
  UserChange,
} from './port';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const PAGE = 20;

const names: [string, string, OrganizationRole, number | null][] = [
  ['Alix Bernard', 'alix', 'user', 0],
  ['Amina Diallo', 'amina', 'user', 1],
  ['Baptiste Roux', 'baptiste', 'manager', 1],
  ['Camille Moreau', 'camille', 'admin', 0],
  ['Dominique Martin', 'dominique', 'owner', null],
  ['Élodie Petit', 'elodie', 'user', 0],
  ['Farid Haddad', 'farid', 'user', 2],
  ['Jeanne Le Gall-Kervella', 'jeanne', 'manager', 2],
  ['Louise Garnier', 'louise', 'admin', null],
  ['Mehdi Benali', 'mehdi', 'user', 1],
  ['Noé Lambert', 'noe', 'user', 2],
  ['Zoé Fontaine', 'zoe', 'user', 0],
];

const ranks: OrganizationRole[] = ['user', 'manager', 'admin', 'owner'];

export class FakeAdministration {
  own: OwnOrganization[] = [
    { organization_id: 'o1', name: 'La Boucle', role: 'admin', site_name: 'Nantes Est', is_current: true },
    { organization_id: 'o2', name: 'Ressourcerie du Port', role: 'user', site_name: 'Quai Nord', is_current: false },
    { organization_id: 'o3', name: "L'Établi des Trois Rivières", role: 'manager', site_name: null, is_current: false },
  ];
  organizations: OrganizationSummary[] = [
    { organization_id: 'o1', slug: 'la-boucle', name: 'La Boucle' },
    { organization_id: 'o2', slug: 'ressourcerie-du-port', name: 'Ressourcerie du Port' },
    { organization_id: 'o3', slug: 'trois-rivieres', name: "L'Établi des Trois Rivières" },
  ];
  sites: Site[] = ['Nantes Est', 'Rezé', 'Saint-Herblain'].map((name, index) => ({
    site_id: `site-${index}`,
    name,
    is_archived: false,
  }));
  tills: Till[] = ['Caisse 1', 'Caisse 2', 'Caisse 1', 'Caisse 1', 'Caisse dépôt'].map((name, index) => ({
    till_id: `till-${index}`,
    site_id: `site-${[0, 0, 1, 2, 2][index]}`,
    name,
    is_archived: index === 4,
  }));
  everybody: Person[];
  /** Who has an account in another organisation only. */
  elsewhere: Person[] = [
    {
      user_id: 'u-elsewhere',
      username: 'yann',
      display_name: 'Yann Le Bihan',
      role: null,
      site_id: null,
      site_name: null,
      is_disabled: false,
      is_super_admin: false,
      last_sign_in_at_ms: null,
    },
  ];
  /** In which further organisations somebody is. */
  alsoIn: Record<string, string[]> = { u2: ['o2'] };
  live: LiveSession[];
  ended: string[] = [];

  constructor(now: number) {
    this.everybody = names.map(([display_name, username, role, site], index) => ({
      user_id: `u${index}`,
      username,
      display_name,
      role,
      site_id: site === null ? null : `site-${site}`,
      site_name: site === null ? null : this.sites[site]!.name,
      is_disabled: username === 'noe',
      is_super_admin: false,
      last_sign_in_at_ms: username === 'zoe' ? null : now - index * 5 * 60 * MINUTE_MS,
    }));
    this.live = Array.from({ length: 42 }, (_, index) => {
      const person = this.everybody[(index * 5 + 3) % 10]!;
      const site = this.sites[index % 3]!;
      const desk = index % 7 === 1;
      const idle = [0, 2, 1, 34, 0, 95, 8, 3, 740][index % 9]! * MINUTE_MS;
      return {
        session: {
          session_id: index === 0 ? 's1' : `live-${index}`,
          organization_name: 'La Boucle',
          role: person.role ?? 'user',
          site_name: desk ? null : site.name,
          ip_address:
            index % 11 === 4 ? '2a01:cb08:8d1:4200:9c1f:22ff:fe10:4a7b' : `192.168.${1 + (index % 3)}.${21 + index}`,
          device_name: desk ? `Bureau ${index}` : `Caisse ${index + 1}`,
          device_kind: desk ? 'desk' : 'till',
          application: index % 5 === 4 ? 'Firefox 140' : 'Vigie 0.1.0',
          created_at_ms: now - (index % 6) * DAY_MS - index * 3 * MINUTE_MS - MINUTE_MS,
          last_used_at_ms: now - idle,
          expires_at_ms: now + (30 - (index % 6)) * DAY_MS,
          idle_end_ms: desk ? now - idle + 8 * 60 * MINUTE_MS : null,
          is_bound: index % 5 !== 4,
          is_current: index === 0,
        },
        user_id: person.user_id,
        username: person.username,
        display_name: person.display_name,
        last_input_at_ms: now - idle,
        is_active: idle < 15 * MINUTE_MS,
      };
    });
  }

  sessionPage(query: SessionQuery, now: number): SessionPage {
    const site = this.sites.find((each) => each.site_id === query.site_id);
    const fit = this.live.filter(
      ({ session, user_id, last_input_at_ms }) =>
        (query.user_id === null || user_id === query.user_id) &&
        (!site || session.site_name === site.name) &&
        (query.organization_id === null || query.organization_id === 'o1') &&
        (query.ip_address === null || session.ip_address.startsWith(query.ip_address)) &&
        (query.device === null || session.device_name.toLowerCase().includes(query.device.toLowerCase())) &&
        (query.idle_minutes === null || now - last_input_at_ms >= query.idle_minutes * MINUTE_MS),
    );
    const from = Number(query.after ?? 0);
    return { sessions: fit.slice(from, from + PAGE), next: from + PAGE < fit.length ? String(from + PAGE) : null };
  }

  end(which: (session: LiveSession) => boolean): number {
    const hit = this.live.filter((each) => !each.session.is_current && which(each));
    this.ended.push(...hit.map((each) => each.session.session_id));
    this.live = this.live.filter((each) => !hit.includes(each));
    return hit.length;
  }

  page(query: PeopleQuery): PeoplePage {
    const wanted = query.search?.toLowerCase() ?? '';
    const people = (query.everywhere ? [...this.everybody, ...this.elsewhere] : this.everybody).filter((each) =>
      `${each.username} ${each.display_name}`.toLowerCase().includes(wanted),
    );
    const from = Number(query.after ?? 0);
    return { people: people.slice(from, from + PAGE), next: from + PAGE < people.length ? String(from + PAGE) : null };
  }

  /** Makes somebody of another organisation one of these people. */
  join(user_id: string, { role, site_id }: MembershipRequest): void {
    const person = this.elsewhere.find((each) => each.user_id === user_id);
    if (!person) return;
    this.elsewhere = this.elsewhere.filter((each) => each !== person);
    this.everybody.push({ ...person, role, site_id: site_id ?? null });
  }

  /** Where somebody belongs; further organisations are for a super admin to know. */
  organizationsOf(user_id: string, everywhere: boolean): OrganizationSummary[] {
    const ids = ['o1', ...(everywhere ? (this.alsoIn[user_id] ?? []) : [])];
    return this.organizations.filter((each) => ids.includes(each.organization_id));
  }

  detail(user_id: string, caller: Pick<OperatorView, 'username' | 'role' | 'is_super_admin'>): PersonDetail | null {
    const person = this.everybody.find((each) => each.user_id === user_id);
    if (!person) return null;
    const self = person.username === caller.username;
    const below =
      caller.is_super_admin ||
      (!person.is_super_admin && ranks.indexOf(person.role ?? 'user') <= ranks.indexOf(caller.role ?? 'user'));
    const may = below && !self;
    return {
      person,
      must_change_password: person.last_sign_in_at_ms === null,
      organizations: this.organizationsOf(user_id, caller.is_super_admin).map(({ name }) => name),
      allowed: {
        rename: below,
        change_role: may,
        disable: may,
        remove: may,
        reset_password: may,
        revoke_sessions: below,
        promote: caller.is_super_admin && !self,
      },
    };
  }

  add(person: NewUserRequest): Person {
    const site = this.sites.find((each) => each.site_id === person.site_id);
    const added: Person = {
      user_id: `u${this.everybody.length}`,
      username: person.username.toLowerCase(),
      display_name: person.display_name,
      role: person.role,
      site_id: site?.site_id ?? null,
      site_name: site?.name ?? null,
      is_disabled: false,
      is_super_admin: false,
      last_sign_in_at_ms: null,
    };
    this.everybody = [...this.everybody, added].toSorted((a, b) => a.username.localeCompare(b.username));
    return added;
  }

  change(user_id: string, change: UserChange): void {
    this.everybody = this.everybody.map((each) => {
      if (each.user_id !== user_id) return each;
      const site = this.sites.find((one) => one.site_id === change.site_id);
      return {
        ...each,
        display_name: change.display_name ?? each.display_name,
        role: change.role ?? each.role,
        is_disabled: change.disabled ?? each.is_disabled,
        is_super_admin: change.super_admin ?? each.is_super_admin,
        site_id: change.site_id === undefined ? each.site_id : change.site_id,
        site_name: change.site_id === undefined ? each.site_name : (site?.name ?? null),
      };
    });
    if (change.disabled) this.end((session) => session.user_id === user_id);
  }

  addTill(till: NewTillRequest): Till {
    const added = { till_id: `till-${this.tills.length}`, ...till, is_archived: false };
    this.tills = [...this.tills, added];
    return added;
  }
}
