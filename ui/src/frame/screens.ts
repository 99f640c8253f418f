// The screens of the frame, in the order of the rail.

import type { OperatorView } from '../shell/port';

export const screens = ['till', 'tickets', 'day', 'sessions', 'administration', 'settings', 'about'] as const;
export type Screen = (typeof screens)[number];

/** Whether this operator looks after others. */
export const administers = (operator: OperatorView | null): boolean =>
  operator !== null && (operator.is_super_admin || operator.role === 'admin' || operator.role === 'owner');

/** Whether this operator sees the past days of tills. */
export const manages = (operator: OperatorView | null): boolean =>
  administers(operator) || operator?.role === 'manager';

/** The screens that open to this operator. */
export const screensOf = (operator: OperatorView | null): Screen[] =>
  screens.filter((screen) => screen !== 'administration' || administers(operator));

/** The screen a kept place names; the till where it names none that exists. */
export const screenOf = (name: string): Screen => screens.find((screen) => screen === name) ?? 'till';
