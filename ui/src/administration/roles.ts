// Which roles somebody may give: none above the own.

import type { OperatorView, OrganizationRole } from '../shell/port';

const ranks: OrganizationRole[] = ['user', 'manager', 'admin', 'owner'];

export const rolesToGive = (operator: OperatorView | null): OrganizationRole[] =>
  operator?.is_super_admin ? ranks : ranks.slice(0, ranks.indexOf(operator?.role ?? 'user') + 1);
