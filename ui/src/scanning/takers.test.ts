import { beforeEach, expect, it, vi } from 'vitest';
import { deliver, type Scan, takeScans } from './takers';

const scan = (more: Partial<Scan> = {}): Scan => ({ code: '3760123450018', secret: false, putBack: null, ...more });

beforeEach(() => void (document.body.innerHTML = '<dialog id="a"><p></p></dialog><dialog id="b"></dialog>'));
const dialog = (id: string): HTMLDialogElement => document.getElementById(id) as HTMLDialogElement;

it('a scan goes to whoever asked last, and to nobody afterwards', () => {
  const [first, second] = [vi.fn(), vi.fn()];
  const [leaveFirst, leaveSecond] = [takeScans(first), takeScans(second)];
  expect(deliver(scan())).toBe(true);
  leaveSecond();
  expect(deliver(scan())).toBe(true);
  leaveFirst();
  expect(deliver(scan())).toBe(false);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
});

it('no scan passes behind a dialog, nor into one that lies under another', () => {
  const [page, inside] = [vi.fn(), vi.fn()];
  const leave = [takeScans(page), takeScans(inside, dialog('a').firstElementChild)];
  dialog('b').showModal();
  expect(deliver(scan())).toBe(false);
  dialog('b').close();
  dialog('a').showModal();
  expect(deliver(scan())).toBe(true);
  dialog('b').showModal();
  expect(deliver(scan())).toBe(false);
  expect([page.mock.calls.length, inside.mock.calls.length]).toEqual([0, 1]);
  for (const each of leave) each();
});

it('what came while a password was asked for goes to nobody', () => {
  const page = vi.fn();
  const leave = takeScans(page);
  expect(deliver(scan({ secret: true }))).toBe(false);
  expect(page).not.toHaveBeenCalled();
  leave();
});
