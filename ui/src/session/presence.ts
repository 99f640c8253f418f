// Tells the shell that the operator touched the device: real input only, and seldom.

import type { Port } from '../shell/port';

const SPACING_MS = 5_000;
const KINDS = ['pointerdown', 'keydown', 'touchstart'] as const;

/** Watches until the returned function is called. `isReal` is the browser's own mark of input by a person. */
export function watchPresence(
  port: Pick<Port, 'operatorInput'>,
  isReal: (event: Event) => boolean = (event) => event.isTrusted,
): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const heard = (event: Event): void => {
    const now = performance.now();
    if (!isReal(event) || now - last < SPACING_MS) return;
    last = now;
    port.operatorInput().catch(() => undefined);
  };
  for (const kind of KINDS) addEventListener(kind, heard, { capture: true, passive: true });
  return () => {
    for (const kind of KINDS) removeEventListener(kind, heard, { capture: true });
  };
}
