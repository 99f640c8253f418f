// Who gets what was scanned: whoever asked last, and never somebody behind an open dialog.

export interface Scan {
  /** What the barcode says. */
  code: string;
  /** Whether it came while a password was asked for: then it is neither shown nor looked up. */
  secret: boolean;
  /** Types it after all into the field that had the focus, if one had. */
  putBack: (() => void) | null;
}

export type Taker = (scan: Scan) => void;

const takers: { take: Taker; dialog: HTMLDialogElement | null }[] = [];

/** Takes scans until the returned function is called; `within` is an element of the dialog that takes them, if one does. */
export function takeScans(take: Taker, within: Element | null = null): () => void {
  const taker = { take, dialog: within?.closest('dialog') ?? null };
  takers.push(taker);
  return () => void takers.splice(takers.indexOf(taker), 1);
}

/** Hands a scan over. Returns whether somebody took it. */
export function deliver(scan: Scan): boolean {
  const open = document.querySelectorAll('dialog[open]');
  const taker = takers.findLast(({ dialog }) => (open.length === 0 ? dialog === null : dialog === open[0]));
  if (scan.secret || open.length > 1 || !taker) return false;
  taker.take(scan);
  return true;
}
