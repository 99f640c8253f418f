// The screens of the frame, in the order of the rail.

export const screens = ['till', 'tickets', 'sessions', 'settings', 'about'] as const;
export type Screen = (typeof screens)[number];

/** The screen a kept place names; the till where it names none that exists. */
export const screenOf = (name: string): Screen => screens.find((screen) => screen === name) ?? 'till';
