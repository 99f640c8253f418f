import { describe, expect, it } from 'vitest';
import { view } from '../shell/fake';
import type { AppView } from '../shell/port';
import { fr } from '../words/fr';
import { Announcer } from './announcer.svelte';
import { bannerText } from './bannerText';

const start = 1_800_000_000_000;

function listen(of: AppView, seconds: number, announcer = new Announcer()): string[] {
  const heard: string[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const now = start + second * 1_000;
    const before = announcer.polite + announcer.urgent;
    announcer.hear(bannerText(of, now, fr, 'fr'), now, fr);
    const after = announcer.polite + announcer.urgent;
    if (after !== before) heard.push(after);
  }
  return heard;
}

describe('a screen reader', () => {
  it('hears the state once and then the marks alone', () => {
    const lost = view(
      {},
      {
        banner: { kind: 'offline' },
        severity: 'warning',
        next_attempt_ms: start + 20_000,
        access_end_ms: start + 600_000,
      },
    );
    const heard = listen(lost, 700);
    expect(heard[0]).toContain('Connexion perdue.');
    expect(heard.slice(1)).toEqual([
      'Encore 5 minutes.',
      'Encore 2 minutes.',
      'Encore 1 minute.',
      'Encore 30 secondes.',
    ]);
  });

  it('is interrupted by what is grave, not by what is not', () => {
    const announcer = new Announcer();
    listen(view({}, { banner: { kind: 'keychain_unavailable', fault: 'locked' }, severity: 'warning' }), 0, announcer);
    expect(announcer.polite).toContain('trousseau');
    expect(announcer.urgent).toBe('');
    listen(view({}, { banner: { kind: 'ended', reason: 'disabled' }, severity: 'error' }), 0, announcer);
    expect(announcer.urgent).toContain('désactivé');
    expect(announcer.polite).toBe('');
  });

  it('hears that all is well again, and nothing where nothing was wrong', () => {
    const announcer = new Announcer();
    announcer.hear(null, start, fr);
    expect(announcer.polite).toBe('');
    listen(view({}, { banner: { kind: 'refreshing' }, severity: 'info' }), 0, announcer);
    announcer.hear(null, start, fr);
    expect(announcer.polite).toBe(fr.banner.back);
  });

  it('is not told of marks when a deadline moves', () => {
    const announcer = new Announcer();
    const near = (end: number) =>
      view({}, { banner: { kind: 'idle_end_near' }, severity: 'warning', idle_end_ms: end });
    announcer.hear(bannerText(near(start + 500_000), start, fr, 'fr'), start, fr);
    const first = announcer.polite;
    announcer.hear(bannerText(near(start + 100_000), start, fr, 'fr'), start, fr);
    expect(announcer.polite).toBe(first);
  });
});
