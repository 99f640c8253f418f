// Which roles somebody may give: none above the own.

import type { OperatorView, OrganizationRole } from '../shell/port';

const ranks: OrganizationRole[] = ['user', 'manager', 'admin', 'owner'];

/** Whether somebody of this role is above the operator, who then may not touch them. */
export const isAbove = (role: OrganizationRole, operator: OperatorView | null): boolean =>
  !operator?.is_super_admin && ranks.indexOf(role) > ranks.indexOf(operator?.role ?? 'user');

export const rolesToGive = (operator: OperatorView | null): OrganizationRole[] =>
  operator?.is_super_admin ? ranks : ranks.slice(0, ranks.indexOf(operator?.role ?? 'user') + 1);
