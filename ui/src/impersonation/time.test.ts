import { describe, expect, it } from 'vitest';
import { fr as words } from '../words/fr';
import { fr } from '../words/impersonation.fr';
import { Herald } from './herald.svelte';
import { isNear, nearOf, passed, secondsSince, sharePassed, stageAt, type Times } from './marks';

const MINUTE_MS = 60_000;
const times = (started_ms: number, minutes: number): Times => {
  const ends_ms = started_ms + minutes * MINUTE_MS;
  return { started_ms, ends_ms, near_ms: nearOf(started_ms, ends_ms) };
};
const start = 1_000_000_000;
const whole = times(start, 120);
const at = (minutes: number): number => start + minutes * MINUTE_MS;

describe('the time of an impersonation', () => {
  it.each([
    [0, 'begun'],
    [89.99, 'begun'],
    [90, 'near'],
    [104.99, 'near'],
    [105, 'quarter'],
    [117.99, 'quarter'],
    [118, 'last'],
    [119.99, 'last'],
    [120, 'over'],
    [500, 'over'],
  ] as const)('is after %s of 120 minutes "%s"', (minutes, stage) => {
    expect(stageAt(whole, at(minutes))).toBe(stage);
  });

  it('has marks that are passed once, the most urgent of several that were slept through', () => {
    expect(passed(whole, at(80), at(89))).toBeNull();
    expect(passed(whole, at(89), at(90))).toBe('near');
    expect(passed(whole, at(90), at(91))).toBeNull();
    expect(passed(whole, at(80), at(110))).toBe('quarter');
    expect(passed(whole, at(80), at(119))).toBe('last');
    expect(passed(whole, at(80), at(200))).toBe('over');
  });

  it('is near its end from three quarters on, or two minutes before it', () => {
    expect([isNear(whole, at(89)), isNear(whole, at(90))]).toEqual([false, true]);
    const short = times(start, 4);
    expect([isNear(short, at(1.9)), isNear(short, at(2))]).toEqual([false, true]);
    // In a short one less than a quarter of an hour is left long before three quarters are over.
    expect(stageAt(times(start, 40), at(26))).toBe('quarter');
    expect(isNear(times(start, 40), at(26))).toBe(false);
  });

  it('passes from nothing to all of it, never beyond', () => {
    expect([-5, 0, 60, 120, 121].map((minutes) => sharePassed(whole, at(minutes)))).toEqual([0, 0, 0.5, 1, 1]);
    expect(sharePassed({ started_ms: 5, ends_ms: 5 }, 5)).toBe(1);
    expect([secondsSince(1_000, 900), secondsSince(1_000, 3_999)]).toEqual([0, 2]);
  });
});

describe('what is heard of it', () => {
  const hear = (herald: Herald, minutes: number): void =>
    herald.hear(whole, 'Alix', at(minutes), fr.banner.said, words.duration.spoken);

  it('is its beginning and each mark, and nothing in between', () => {
    const herald = new Herald();
    hear(herald, 12);
    expect(herald.polite).toBe(fr.banner.said.begun('Alix', '108 minutes'));
    const heard: string[] = [];
    let last = herald.polite;
    for (let minutes = 12; minutes <= 121; minutes += 1 / 60) {
      hear(herald, minutes);
      const now = herald.urgent || herald.polite;
      if (now !== last) heard.push(now);
      last = now;
    }
    expect(heard).toEqual([
      fr.banner.said.near('Alix', '30 minutes'),
      fr.banner.said.quarter('Alix', '15 minutes'),
      fr.banner.said.last('Alix', '2 minutes'),
      fr.banner.said.over('Alix'),
    ]);
  });

  it('is at once for the last two minutes, in pauses before', () => {
    const herald = new Herald();
    hear(herald, 0);
    hear(herald, 90);
    expect([herald.polite !== '', herald.urgent]).toEqual([true, '']);
    hear(herald, 118);
    expect([herald.polite, herald.urgent !== '']).toEqual(['', true]);
  });

  it('is said on waking, with what is left then', () => {
    const herald = new Herald();
    hear(herald, 50);
    hear(herald, 119);
    expect(herald.urgent).toBe(fr.banner.said.last('Alix', '1 minute'));
  });
});
