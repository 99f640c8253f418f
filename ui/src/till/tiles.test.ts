import { describe, expect, it } from 'vitest';
import { fakeCategories } from '../shell/fake';
import { byKey, fitting } from './tiles';

const names = (typed: string): string[] => fitting(fakeCategories, typed).map((category) => category.name);

describe('searching', () => {
  it('shows everything for nothing', () => {
    expect(names('')).toHaveLength(fakeCategories.length);
  });

  it('puts the category with that key first', () => {
    expect(names('v')[0]).toBe('Vaisselle');
    expect(names('T')[0]).toBe('Vêtements adultes');
  });

  it('minds neither accents nor case, and prefers beginnings', () => {
    expect(names('VETEMENTS')).toEqual(['Vêtements adultes', 'Vêtements enfants']);
    expect(names('elec')).toEqual(['Petit électroménager', 'Gros électroménager']);
    expect(names('xyz')).toEqual([]);
  });
});

describe('Alt and a key', () => {
  it('goes by the letter, whatever the keyboard', () => {
    expect(byKey(fakeCategories, { key: 'l', code: 'KeyL' })?.name).toBe('Livres');
    expect(byKey(fakeCategories, { key: 'm', code: 'Semicolon' })?.name).toBe('Meubles');
  });

  it('goes by the place of the key where Alt makes another letter of it', () => {
    expect(byKey(fakeCategories, { key: '¬', code: 'KeyL' })?.name).toBe('Livres');
    expect(byKey(fakeCategories, { key: 'æ', code: 'KeyE' })?.name).toBe('Vêtements enfants');
  });

  it('reads digits by their place, since AZERTY needs Shift for them', () => {
    const numbered = [{ ...fakeCategories[0]!, shortcut: '1' }];
    expect(byKey(numbered, { key: '&', code: 'Digit1' })).toBe(numbered[0]);
    expect(byKey(numbered, { key: 'Alt', code: 'AltLeft' })).toBeNull();
  });
});
