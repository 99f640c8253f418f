// What the product is made of: one door to the shell, no fake, no call outside, a small first screen.

// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const sources = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: relative('.', path), text: readFileSync(path, 'utf8') }));

describe('the sources', () => {
  const naming = (pattern: RegExp): string[] =>
    sources
      .filter(({ text }) => pattern.test(text))
      .map(({ path }) => path)
      .sort();

  it('import Tauri in the bindings alone, and the bindings in the port alone', () => {
    expect(naming(/['"]@tauri-apps\//)).toEqual(['src/shell/bindings.ts']);
    expect(naming(/from ['"][./]*(?:shell\/)?bindings['"]/)).toEqual(['src/shell/port.ts', 'src/shell/tauri.ts']);
    const port = sources.find(({ path }) => path === 'src/shell/port.ts')!.text;
    expect(port).not.toMatch(/^import \{[^}]*\} from '\.\/bindings'/m);
  });

  it('take the fake in tests and in the demonstration alone', () => {
    expect(naming(/from ['"][./]*(?:shell\/)?fake['"]/).filter((path) => !path.endsWith('.test.ts'))).toEqual([
      'src/shell/demonstration.ts',
    ]);
    expect(naming(/shell\/tauri['"]/)).toEqual(['src/main.ts']);
  });

  it('make no call of their own and keep nothing in the webview', () => {
    const own = sources.filter(({ path }) => !path.endsWith('.test.ts') && !path.endsWith('bindings.ts'));
    for (const { path, text } of own)
      expect(text, path).not.toMatch(
        /\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|localStorage|sessionStorage|indexedDB|document\.cookie|\beval\(|new Function|\{@html/,
      );
  });
});

describe('the product', () => {
  let out: string;
  let files: { name: string; bytes: Buffer }[];

  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'vigie-ui-'));
    execFileSync(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--outDir', out], {
      stdio: 'pipe',
      env: { ...process.env, NODE_ENV: 'production', VITEST: '' },
    });
    files = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => ({ name: entry.name, bytes: readFileSync(join(entry.parentPath, entry.name)) }));
  }, 60_000);

  afterAll(() => rmSync(out, { recursive: true, force: true }));

  const loaded = (): string[] => {
    const page = files.find(({ name }) => name === 'index.html')!.bytes.toString();
    return [...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]!);
  };

  it('holds nothing of the fake', () => {
    for (const { name, bytes } of files)
      expect(bytes.includes('Camille Moreau') || bytes.includes('FakePort'), name).toBe(false);
  });

  it('loads 60 KiB or less for its first screen, fonts apart', () => {
    const sum = files
      .filter(({ name }) => loaded().includes(name))
      .reduce((total, { bytes }) => total + gzipSync(bytes, { level: 9 }).length, 0);
    expect(loaded().length).toBeGreaterThan(1);
    expect(sum).toBeGreaterThan(10_000);
    expect(sum).toBeLessThanOrEqual(60 * 1024);
  });

  it('loads the other screens only when they are opened', () => {
    for (const screen of [
      'Tickets',
      'Sessions',
      'Administration',
      'Insight',
      'Chart',
      'Alerts',
      'Audit',
      'OrganizationList',
      'NoticeStrip',
      'Impersonation',
      'Board',
      'Reauthenticate',
      'ChangePassword',
      'Settings',
      'About',
      'PaySheet',
      'ParkDialog',
      'ParkedSheet',
      'LineEditor',
      'Relogin',
      'Guard',
    ]) {
      expect(
        files.some(({ name }) => name.startsWith(`${screen}-`) && name.endsWith('.js')),
        screen,
      ).toBe(true);
      expect(
        loaded().some((name) => name.startsWith(`${screen}-`)),
        screen,
      ).toBe(false);
    }
  });

  it('has no script in its page and no address outside', () => {
    const page = files.find(({ name }) => name === 'index.html')!.bytes.toString();
    expect(page).not.toMatch(/<script(?![^>]*src=)/);
    expect(page).not.toMatch(/\son[a-z]+=/);
    for (const { name, bytes } of files.filter((file) => /\.(css|html)$/.test(file.name)))
      expect(bytes.toString(), name).not.toMatch(/(?:url\(|src=|href=)["']?(?:https?:)?\/\//);
  });

  it('brings its fonts, latin alone', () => {
    const fonts = files.map(({ name }) => name).filter((name) => name.endsWith('.woff2'));
    expect(fonts.map((name) => name.replace(/-[\w-]{8}\.woff2$/, '')).sort()).toEqual([
      'inter-latin-ext-wght-normal',
      'inter-latin-wght-normal',
    ]);
  });
});
