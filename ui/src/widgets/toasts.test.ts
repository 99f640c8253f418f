import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Toasts } from './toasts.svelte';

const words = (toasts: Toasts): string[] => toasts.list.map((toast) => toast.words);

describe('short messages', () => {
  beforeEach(() => void vi.useFakeTimers());

  it('never stand twice, and the later one stays its whole time', () => {
    const toasts = new Toasts();
    toasts.show('Enregistré.');
    vi.advanceTimersByTime(5_000);
    toasts.show('Enregistré.');
    expect(words(toasts)).toEqual(['Enregistré.']);
    vi.advanceTimersByTime(5_000);
    expect(words(toasts)).toEqual(['Enregistré.']);
    vi.advanceTimersByTime(3_000);
    expect(words(toasts)).toEqual([]);
  });

  it('are two at most, the newest last', () => {
    const toasts = new Toasts();
    for (const each of ['a', 'b', 'c', 'b']) toasts.show(each);
    expect(words(toasts)).toEqual(['c', 'b']);
  });
});
