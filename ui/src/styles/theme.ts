// Which of the three sets of colours is in force.

import type { Theme } from '../shell/port';

export type Palette = 'light' | 'dark' | 'contrast';

export function palette(theme: Theme, prefersDark: boolean, prefersContrast: boolean): Palette {
  if (theme !== 'system') return theme;
  if (prefersContrast) return 'contrast';
  return prefersDark ? 'dark' : 'light';
}

/** Applies `theme` now and whenever the system changes its mind, until the returned function is called. */
export function follow(theme: Theme): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more)');
  const apply = (): void => {
    document.documentElement.dataset['theme'] = palette(theme, dark.matches, contrast.matches);
  };
  apply();
  dark.addEventListener('change', apply);
  contrast.addEventListener('change', apply);
  return () => {
    dark.removeEventListener('change', apply);
    contrast.removeEventListener('change', apply);
  };
}
