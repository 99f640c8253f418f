// The colours: enough contrast in each set, and named in one file only.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');

function set(name: string): Record<string, string> {
  const body = new RegExp(`\\[data-theme='${name}'\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return Object.fromEntries(
    [...body.matchAll(/--([a-z-]+):\s*(oklch\([^)]*\));/g)].map((match) => [match[1]!, match[2]!]),
  );
}

/** Relative luminance (WCAG 2.2) of an OKLCH colour, by way of linear sRGB clipped to what a screen shows. */
function luminance(colour: string): number {
  const [l, c, h] = colour.slice(6, -1).split('/')[0]!.trim().split(/\s+/).map(Number) as [number, number, number];
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const l3 = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m3 = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s3 = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (x: number): number => Math.min(1, Math.max(0, x));
  const red = clip(4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3);
  const green = clip(-1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3);
  const blue = clip(-0.0041960863 * l3 - 0.7034186147 * m3 + 1.707614701 * s3);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ['surface', 'surface-raised', 'surface-sunken'];
const texts: [string, string][] = [
  ...grounds.flatMap((ground): [string, string][] => [
    ['ink', ground],
    ['ink-soft', ground],
  ]),
  ...['surface', 'surface-raised'].flatMap((ground): [string, string][] =>
    ['accent', 'info', 'warning', 'danger', 'good'].map((tone): [string, string] => [tone, ground]),
  ),
  ...['accent', 'accent-soft', 'info', 'warning', 'danger', 'good'].map((tone): [string, string] => [
    `on-${tone}`,
    tone,
  ]),
];
const shapes: [string, string][] = ['surface', 'surface-raised'].flatMap((ground): [string, string][] =>
  ['edge', 'focus', 'accent', 'info', 'warning', 'danger', 'good'].map((tone): [string, string] => [tone, ground]),
);

it('black on white is 21, grey by its known figure', () => {
  expect(contrast('oklch(0 0 0)', 'oklch(1 0 0)')).toBeCloseTo(21, 1);
  expect(contrast('oklch(0.5999 0 0)', 'oklch(1 0 0)')).toBeCloseTo(3.95, 1);
});

describe.each(['light', 'dark', 'contrast'])('the set "%s"', (name) => {
  const colours = set(name);

  it('names the same colours as the others', () => {
    expect(Object.keys(colours)).toEqual(Object.keys(set('light')));
    expect(Object.keys(colours).length).toBeGreaterThan(20);
  });

  it.each(texts)('writes %s on %s at 4.5 or more', (ink, ground) => {
    expect(contrast(colours[ink]!, colours[ground]!)).toBeGreaterThanOrEqual(name === 'contrast' ? 7 : 4.5);
  });

  it.each(shapes)('draws %s on %s at 3 or more', (shape, ground) => {
    expect(contrast(colours[shape]!, colours[ground]!)).toBeGreaterThanOrEqual(3);
  });
});

it('no other file names a colour', () => {
  const named: string[] = [];
  for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(svelte|css)$/.test(entry.name) || entry.name === 'tokens.css') continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    const styles = entry.name.endsWith('.css')
      ? text
      : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '') +
        [...text.matchAll(/(?:style(?::[a-z-]+)?|fill|stroke)="([^"]*)"/g)].map((match) => match[1]).join('\n');
    for (const match of styles.matchAll(
      /#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\(|:\s*(?:white|black|red|green|blue|gr[ae]y|orange|yellow)\b/gi,
    ))
      named.push(`${entry.name}: ${match[0]}`);
  }
  expect(named).toEqual([]);
});
