// Who acts as whom in the shell in memory.

import type {
  ImpersonationSettings,
  ImpersonationView,
  LiveImpersonation,
  OperatorView,
  OrganizationSummary,
  Person,
} from './port';

const MINUTE_MS = 60_000;

/** Far from its end, and about to run out. */
const others: [own: string, username: string, as: string, to: string, begun: number, device: string, reason: string][] =
  [
    [
      'Louise Garnier',
      'louise',
      'Élodie Petit',
      'elodie',
      14,
      'Bureau de Louise',
      'Élodie ne voit plus la catégorie Vaisselle sur sa caisse, je regarde avec ses droits.',
    ],
    [
      'Sacha Nguyen',
      'sacha',
      'Mehdi Benali',
      'mehdi',
      103,
      'Portable du siège',
      'Ticket 2041 : reproduire l’écart de caisse signalé à Rezé.',
    ],
  ];

export class FakeImpersonation {
  live: LiveImpersonation[];
  settings: ImpersonationSettings = { allowed_networks: ['192.168.1.0/24'], tell_target: true };
  /** How long one lasts, in milliseconds. */
  lasts_ms = 120 * MINUTE_MS;
  #begun = 0;

  constructor(now: number) {
    this.live = others.map(([own, username, as, to, begun, device_name, reason], index) => ({
      session_id: `imp-${username}`,
      impersonator: { user_id: `u-${username}`, username, display_name: own },
      user: { user_id: `u-${to}`, username: to, display_name: as },
      organization_id: 'o1',
      organization_name: 'La Boucle',
      reason,
      device_name,
      ip_address: ['192.168.1.52', '2a01:cb08:8d1:4200:9c1f:22ff:fe10:4a7b'][index]!,
      application: index === 0 ? 'Vigie 0.1.0' : null,
      started_ms: now - begun * MINUTE_MS,
      ends_ms: now + (120 - begun) * MINUTE_MS,
      is_own: false,
    }));
  }

  begin(
    own: OperatorView,
    person: Person,
    organization: OrganizationSummary,
    reason: string,
    started_ms: number,
  ): ImpersonationView {
    const session_id = `imp-own-${(this.#begun += 1)}`;
    const ends_ms = started_ms + this.lasts_ms;
    const { organization_id, name: organization_name } = organization;
    this.live = [
      {
        session_id,
        impersonator: { user_id: 'u-own', username: own.username, display_name: own.display_name },
        user: { user_id: person.user_id, username: person.username, display_name: person.display_name },
        organization_id,
        organization_name,
        reason,
        device_name: 'Caisse 1',
        ip_address: '192.168.1.21',
        application: 'Vigie 0.1.0',
        started_ms,
        ends_ms,
        is_own: true,
      },
      ...this.live,
    ];
    return {
      session_id,
      impersonator_name: own.display_name,
      operator: {
        username: person.username,
        display_name: person.display_name,
        organization_id,
        organization_name,
        site_name: person.site_name,
        role: person.role ?? 'user',
        is_super_admin: false,
        organizations: 2,
        must_change_password: false,
      },
      reason,
      started_ms,
      near_ms: started_ms + (this.lasts_ms * 3) / 4,
      ends_ms,
    };
  }

  /** Whether there was such a one. */
  end(session_id: string): boolean {
    const before = this.live.length;
    this.live = this.live.filter((each) => each.session_id !== session_id);
    return this.live.length < before;
  }
}
