// @vitest-environment node
// The administrator's guide names what is on the screen, as it is written there.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fr as alerts } from '../src/words/alerts.fr';
import { fr as audit } from '../src/words/audit.fr';
import { fr as impersonation } from '../src/words/impersonation.fr';
import { fr as insight } from '../src/words/insight.fr';
import { fr as office } from '../src/words/office.fr';
import { defaults, numbers } from '../src/alerts/monitoring';
import { FAIR_PERCENT, GOOD_PERCENT } from '../src/insight/figures';

const guide = readFileSync('../docs/guide-administrateur.md', 'utf8');
const chapter = (title: string): string => guide.split(/^## /m).find((each) => each.startsWith(`${title}\n`)) ?? '';

const texts = (node: unknown): string[] =>
  typeof node === 'string' ? [node] : typeof node === 'object' ? Object.values(node ?? {}).flatMap(texts) : [];
const known = new Set(texts({ alerts, audit, impersonation, insight, tabs: office.administration.tabs }));

/** Words in bold that are explanations, not names on the screen. */
const said = ['Le verdict', "avec les droits de quelqu'un d'autre", 'Modifier'];

describe.each(['Le suivi', 'Les alertes', 'Le journal', 'Voir comme'])('the chapter "%s"', (title) => {
  it('names what the screen says, to the letter', () => {
    const bold = [...chapter(title).matchAll(/\*\*([^*]+)\*\*/g)].map((match) => match[1]!);
    expect(bold.length).toBeGreaterThan(8);
    expect(bold.filter((name) => !known.has(name) && !said.includes(name))).toEqual([]);
  });
});

it('the guide tells the bounds and defaults that hold', () => {
  const plain = chapter('Les alertes').replace(/[\u00a0\u202f]/g, ' ');
  const rows = Object.fromEntries(
    [...plain.matchAll(/^\| \*\*(.+?)\*\* \| (.+?) \| (.+?) \|$/gm)].map((match) => [
      match[1]!,
      [match[2]!, match[3]!],
    ]),
  );
  const labels = {
    refresh_failure_percent: alerts.percent,
    refresh_least: alerts.least,
    login_failures_of_account: alerts.account,
    login_failures_of_network: alerts.network,
    no_refresh_minutes: alerts.silence,
    retention_days: alerts.retention,
    repeat_minutes: alerts.repeat,
  };
  const spaced = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
  for (const [field, { range }] of Object.entries(numbers)) {
    const [value, bounds] = rows[labels[field as keyof typeof labels][0]] ?? [];
    expect(bounds, field).toBe(`${spaced(range[0])} à ${spaced(range[1])}`);
    const byDefault = defaults[field as keyof typeof labels];
    expect(value, field).toMatch(byDefault === undefined ? /^(jamais|aucun)$/ : new RegExp(`^${byDefault}$`));
  }
  expect(chapter('Le suivi')).toContain(`${GOOD_PERCENT} % ou plus`);
  expect(chapter('Le suivi')).toContain(`moins de ${FAIR_PERCENT} %`);
});

it('the guide shows only pictures that are there', () => {
  const pictures = [...guide.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map((match) => match[1]!);
  expect(pictures.length).toBeGreaterThan(3);
  for (const picture of pictures) expect(existsSync(`../docs/${picture}`), picture).toBe(true);
});
