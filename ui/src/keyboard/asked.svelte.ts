// Whether somebody asked for the keyboard on the screen, beside the device's setting.

export const keyboard = $state({ asked: false });
