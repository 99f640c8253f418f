// Every deed that the server writes down, and the group it belongs to. One that is missing here is shown by its raw name.

import type { AuditGroup } from '../shell/port';

export const groups: AuditGroup[] = [
  'sign_ins',
  'revocations',
  'people',
  'places',
  'settings',
  'impersonation',
  'sales',
  'system',
];

export const groupOf = {
  'session.created': 'sign_ins',
  'login.denied': 'sign_ins',
  'session.signed_out': 'sign_ins',
  'session.reauthenticated': 'sign_ins',
  'reauthentication.denied': 'sign_ins',
  'session.organization_switched': 'sign_ins',
  'session.refreshed': 'sign_ins',
  'session.revoked': 'revocations',
  'session.others_revoked': 'revocations',
  'session.displaced': 'revocations',
  'session.refresh_reused': 'revocations',
  'session.proof_refused': 'revocations',
  'user.sessions_revoked': 'revocations',
  'organization.sessions_revoked': 'revocations',
  'sessions.all_revoked': 'revocations',
  'sessions.revoked': 'revocations',
  'user.added': 'people',
  'user.renamed': 'people',
  'user.disabled': 'people',
  'user.enabled': 'people',
  'user.promoted': 'people',
  'user.demoted': 'people',
  'membership.added': 'people',
  'membership.changed': 'people',
  'membership.removed': 'people',
  'password.changed': 'people',
  'password.reset': 'people',
  'organization.added': 'places',
  'organization.renamed': 'places',
  'site.added': 'places',
  'site.renamed': 'places',
  'site.archived': 'places',
  'site.restored': 'places',
  'till.added': 'places',
  'till.renamed': 'places',
  'till.archived': 'places',
  'till.restored': 'places',
  'category.added': 'places',
  'category.changed': 'places',
  'category.moved': 'places',
  'category.archived': 'places',
  'category.restored': 'places',
  'category.put': 'places',
  'categories.started': 'places',
  'settings.session_changed': 'settings',
  'settings.monitoring_changed': 'settings',
  'settings.mail_changed': 'settings',
  'alerts.tried': 'settings',
  'settings.impersonation_changed': 'settings',
  'impersonation.started': 'impersonation',
  'impersonation.denied': 'impersonation',
  'impersonation.called': 'impersonation',
  'impersonation.refused': 'impersonation',
  'impersonation.stopped': 'impersonation',
  'impersonation.force_stopped': 'impersonation',
  'impersonation.expired': 'impersonation',
  'impersonation.ended': 'impersonation',
  'sale.kept': 'sales',
  'till_day.opened': 'sales',
  'till_day.closed': 'sales',
  'database.restored': 'system',
  'session.fast_forwarded': 'system',
  'audit.shortened': 'system',
} as const satisfies Record<string, AuditGroup>;

export type AuditAction = keyof typeof groupOf;

const known: ReadonlyMap<string, AuditGroup> = new Map(Object.entries(groupOf));

/** The group of a deed; `null` for one that this application does not know. */
export const groupOfAction = (action: string): AuditGroup | null => known.get(action) ?? null;

export const isKnown = (action: string): action is AuditAction => known.has(action);

/** Those of impersonation that are looked for most, each one press away. */
export const quick = [
  'impersonation.started',
  'impersonation.stopped',
  'impersonation.force_stopped',
  'impersonation.expired',
] as const satisfies AuditAction[];

/** The deeds of a group, or all of them, in the order above. */
export const actionsOf = (group: AuditGroup | null): AuditAction[] =>
  (Object.keys(groupOf) as AuditAction[]).filter((action) => group === null || groupOf[action] === group);
