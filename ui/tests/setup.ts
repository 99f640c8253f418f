// What a browser has and the test's document lacks: dialogs, media queries, the animation frame's clock.

import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/svelte';
import { afterEach, beforeEach, vi } from 'vitest';
import { toasts } from '../src/widgets/toasts.svelte';
import { locale } from '../src/words/locale.svelte';

if (typeof window !== 'undefined') pretend();

configure({ asyncUtilTimeout: 5_000 });

function pretend(): void {
  HTMLDialogElement.prototype.showModal = function showModal(): void {
    this.setAttribute('open', '');
  };
  HTMLDialogElement.prototype.close = function close(): void {
    this.removeAttribute('open');
  };

  HTMLCanvasElement.prototype.getContext = () => null;
  Element.prototype.scrollIntoView = () => undefined;

  window.ResizeObserver = class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  };

  Object.defineProperty(window, 'matchMedia', {
    writable: true,
    value: (query: string) => ({
      matches: false,
      media: query,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    }),
  });
}

beforeEach(() => {
  if (typeof window === 'undefined') return;
  void locale.set('fr');
  toasts.list = [];
});

afterEach(() => {
  if (typeof window !== 'undefined') cleanup();
  vi.useRealTimers();
});
