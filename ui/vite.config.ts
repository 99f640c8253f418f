import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** What the first screen and later ones have in common. In one file it is much smaller, compressed, than in twenty. */
const base = new RegExp(
  [
    'lucide/svelte/dist/(Icon|icons/(circle-check|hourglass|lock|log-out|triangle-alert|x))\\.',
    'src/frame/screens\\.',
    'src/session/(clock|Languages|PasswordField|ServerFields)\\.',
    'src/till/(amounts|payment|place)\\.',
    'src/widgets/(Mark|Problem|toasts)\\.',
  ].join('|'),
);

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  define: { __BROWSER_BUILD__: JSON.stringify(mode === 'browser') },
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  build: {
    outDir: mode === 'browser' ? 'dist-browser' : 'dist',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['safari16.4', 'chrome111'],
    // Files come from inside the program: what a later screen needs is not worth naming in the first one, its styles apart.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_, files, { hostType }) =>
        hostType === 'html' ? files : files.filter((file) => file.endsWith('.css')),
    },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'base', test: base }] } } },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['./tests/setup.ts'],
    restoreMocks: true,
    testTimeout: 20_000,
  },
}));
