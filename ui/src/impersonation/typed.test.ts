import { describe, expect, it } from 'vitest';
import { FakeAdministration } from '../shell/fakeAdministration';
import { view } from '../shell/fake';
import type { OrganizationSummary, PersonDetail } from '../shell/port';
import { isNetwork, readNetworks } from './networks';
import { choicesOf } from './organizations';
import { plainReason, reasonFault } from './reason';

describe('a reason', () => {
  it('has 10 to 500 characters without the blanks around it', () => {
    expect(reasonFault(plainReason('   123456789   '))).toEqual({ kind: 'short', chars: 1 });
    expect(reasonFault(plainReason('  1234567890  '))).toBeNull();
    expect(reasonFault('é'.repeat(500))).toBeNull();
    expect(reasonFault('é'.repeat(503))).toEqual({ kind: 'long', chars: 3 });
    // One sign to the reader is one character, however it is stored.
    expect(reasonFault('𝒳'.repeat(500))).toBeNull();
  });

  it('is sent as plain lines', () => {
    expect(plainReason('a\tb\r\nc\rd\u0007e\u0085f')).toBe('a b\nc\nd e f');
  });
});

describe('networks', () => {
  it.each(['192.0.2.0/24', '10.0.0.1', '0.0.0.0/0', '2001:db8::/32', '::1', 'FE80::1/128', '::ffff:192.0.2.1'])(
    '%s is one',
    (text) => expect(isNetwork(text)).toBe(true),
  );

  it.each([
    '',
    'office',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.0/33',
    '1.2.3.4/',
    '2001:db8::/129',
    '1::2::3',
    '[::1]',
    '1.2.3.4/8/8',
    '010.0.0.1',
  ])('"%s" is none', (text) => expect(isNetwork(text)).toBe(false));

  it('are read one a line, 64 at most', () => {
    expect(readNetworks(' 10.0.0.1 \n\n2001:db8::/32')).toEqual({ networks: ['10.0.0.1', '2001:db8::/32'] });
    expect(readNetworks('10.0.0.1\nbureau')).toEqual({ fault: { kind: 'line', line: 'bureau' } });
    const many = (count: number): string => Array.from({ length: count }, (_, index) => `10.0.0.${index}`).join('\n');
    expect(readNetworks(many(64))).toMatchObject({ networks: { length: 64 } });
    expect(readNetworks(many(65))).toEqual({ fault: { kind: 'many' } });
  });
});

describe('the organisations to act in', () => {
  const worker = view().operator!;
  const organization = (organization_id: string, name: string): OrganizationSummary => ({
    organization_id,
    name,
    slug: `court-${organization_id}`,
  });
  const detail = (organizations: string[], role: 'user' | null = 'user'): PersonDetail => {
    const found = new FakeAdministration(0).detail('u0', worker)!;
    return { ...found, organizations, person: { ...found.person, role } };
  };

  it('begin with the one worked in, which needs no look-up', () => {
    expect(choicesOf(detail(['La Boucle', 'Le Port']), worker, [])).toEqual([
      { organization_id: 'o1', label: 'La Boucle' },
    ]);
    const known = [organization('o1', 'La Boucle'), organization('o2', 'Le Port'), organization('o3', 'Autre')];
    expect(choicesOf(detail(['La Boucle', 'Le Port']), worker, known).map((each) => each.organization_id)).toEqual([
      'o1',
      'o2',
    ]);
  });

  it('of one name are told apart by their short names', () => {
    const known = [organization('o2', 'Le Port'), organization('o3', 'Le Port'), organization('o4', 'La Boucle')];
    expect(choicesOf(detail(['La Boucle', 'Le Port']), worker, known).map((each) => each.label)).toEqual([
      'La Boucle',
      'Le Port (court-o2)',
      'Le Port (court-o3)',
      'La Boucle (court-o4)',
    ]);
  });

  it('leave out the one worked in for somebody who is not in it', () => {
    expect(choicesOf(detail(['Le Port'], null), worker, [organization('o2', 'Le Port')])).toEqual([
      { organization_id: 'o2', label: 'Le Port' },
    ]);
  });
});
