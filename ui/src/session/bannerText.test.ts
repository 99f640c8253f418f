import { describe, expect, it } from 'vitest';
import { FakePort, view } from '../shell/fake';
import type { AppView, Banner, Language, SessionView } from '../shell/port';
import { en } from '../words/en';
import { fr } from '../words/fr';
import { bannerText, markPassed } from './bannerText';

const now = new Date(2026, 2, 3, 18, 30).getTime();
const MINUTE_MS = 60_000;

const at = (banner: Banner, session: Partial<SessionView> = {}): AppView =>
  view(
    {},
    {
      banner,
      severity: 'warning',
      since_ms: now - MINUTE_MS,
      next_attempt_ms: now + 20_000,
      access_end_ms: now + 4 * MINUTE_MS + 10_000,
      idle_end_ms: now + 2 * MINUTE_MS,
      absolute_end_ms: now + 10 * MINUTE_MS,
      connection:
        banner.kind === 'offline' || banner.kind === 'server_down'
          ? { kind: 'lost', trouble: 'offline' }
          : { kind: 'online' },
      ...session,
    },
  );

const states: [string, Banner, Partial<SessionView>?][] = [
  ['refreshing', { kind: 'refreshing' }],
  ['offline', { kind: 'offline' }],
  ['offline, attempting', { kind: 'offline' }, { attempting: true }],
  ['offline, attempt overdue', { kind: 'offline' }, { next_attempt_ms: now }],
  ['offline, access over', { kind: 'offline' }, { access_end_ms: now - 1, severity: 'error' }],
  ...(['offline', 'server_down', 'not_the_server', 'certificate', 'rate_limited', 'malformed'] as const).map(
    (trouble): [string, Banner] => [`server down: ${trouble}`, { kind: 'server_down', trouble }],
  ),
  ['idle end near', { kind: 'idle_end_near' }],
  ['idle end passed', { kind: 'idle_end_near' }, { idle_end_ms: now }],
  ['absolute end near', { kind: 'absolute_end_near' }],
  ['absolute end passed', { kind: 'absolute_end_near' }, { absolute_end_ms: now }],
  ...(
    [
      'revoked',
      'disabled',
      'reused',
      'expired',
      'idle',
      'invalid',
      'outdated',
      'answer_lost',
      'signed_out',
      'displaced',
      'password_changed',
      'key_lost',
    ] as const
  ).map((reason): [string, Banner] => [`ended: ${reason}`, { kind: 'ended', reason }]),
  ...(['locked', 'absent', 'slow', 'failed'] as const).map((fault): [string, Banner] => [
    `keychain: ${fault}`,
    { kind: 'keychain_unavailable', fault },
  ]),
  ['clock ahead', { kind: 'clock_suspect', ahead_seconds: 7_200 }],
  ['clock behind', { kind: 'clock_suspect', ahead_seconds: -90 }],
  ['client unknown', { kind: 'misconfigured', fault: 'client_unknown' }],
  ['request rejected', { kind: 'misconfigured', fault: 'request_rejected' }],
  ['proof refused', { kind: 'misconfigured', fault: 'proof_refused' }],
];

const said = (of: AppView, language: Language, when = now): string => {
  const text = bannerText(of, when, language === 'fr' ? fr : en, language);
  if (!text) return '–';
  const sentence = [text.lead, text.countdown, text.rest].filter(Boolean).join(' ');
  const offers = text.offers
    .map((offer) => offer.action + (offer.reason ? ` (not yet: ${offer.reason})` : ''))
    .join(' · ');
  return [sentence, text.meter?.words, offers, text.details].filter(Boolean).join(' | ');
};

describe('the banner', () => {
  it.each(['fr', 'en'] as const)('has its words for every state in %s', (language) => {
    const all = Object.fromEntries(
      states.map(([name, banner, session]) => [name, said(at(banner, session), language)]),
    );
    expect(all).toMatchSnapshot();
  });

  it('says nothing when all is well', () => {
    expect(bannerText(at({ kind: 'hidden' }), now, fr, 'fr')).toBeNull();
  });

  it('says the sentence of the operators’ table when the connection is lost', () => {
    expect(said(at({ kind: 'offline' }), 'fr')).toContain(
      'Connexion perdue. Nouvelle tentative automatique dans 20 s. Vous pouvez continuer : votre travail est enregistré sur cet appareil.',
    );
  });

  it('counts down from the deadline and never hides at zero', () => {
    const lost = at({ kind: 'offline' });
    expect(said(lost, 'fr', now + 12_400)).toContain('dans 8 s.');
    expect(said(lost, 'fr', now + 20_000)).toContain('tentative en cours…');
    expect(said(lost, 'fr', now + 3_600_000)).toContain('tentative en cours…');
    expect(said(lost, 'fr', now + 3_600_000)).toContain('Accès suspendu');
  });

  it('keeps the key of a state while time passes, and changes it with the cause', () => {
    const key = (of: AppView, when = now): string | undefined => bannerText(of, when, fr, 'fr')?.key;
    expect(key(at({ kind: 'offline' }), now + 19_000)).toBe(key(at({ kind: 'offline' })));
    expect(key(at({ kind: 'offline' }, { attempting: true }))).toBe(key(at({ kind: 'offline' })));
    expect(key(at({ kind: 'server_down', trouble: 'server_down' }))).not.toBe(key(at({ kind: 'offline' })));
    expect(key(at({ kind: 'offline' }, { severity: 'error' }))).not.toBe(key(at({ kind: 'offline' })));
  });

  it('offers to sign in again only where a server answers', () => {
    const offer = (of: AppView) => bannerText(of, now, fr, 'fr')?.offers.find((each) => each.action === 'reconnect');
    expect(offer(at({ kind: 'offline' }))?.reason).toBeTruthy();
    expect(offer(at({ kind: 'server_down', trouble: 'malformed' }))?.reason).toBeTruthy();
    expect(offer(at({ kind: 'ended', reason: 'revoked' }))?.reason).toBeNull();
    expect(
      offer(at({ kind: 'ended', reason: 'revoked' }, { connection: { kind: 'lost', trouble: 'offline' } }))?.reason,
    ).toBeTruthy();
  });

  it('does not promise that work is saved while the disk does not take it', () => {
    const lost = at({ kind: 'offline' });
    lost.work.fault = { code: 'disk_full', retry_after_seconds: null, subject: null };
    expect(said(lost, 'fr')).not.toContain('votre travail est enregistré');
    expect(said(lost, 'fr')).toContain('Le disque est plein');
  });
});

describe('marks', () => {
  it('are 5 min, 2 min, 1 min and 30 s, each passed once', () => {
    const heard: number[] = [];
    for (let seconds = 400; seconds > 0; seconds -= 1) {
      const mark = markPassed(seconds, seconds - 1);
      if (mark !== null) heard.push(mark);
    }
    expect(heard).toEqual([300, 120, 60, 30]);
  });

  it('says only the lowest after a sleep, and nothing at the end', () => {
    expect(markPassed(1_000, 45)).toBe(60);
    expect(markPassed(1_000, 0)).toBeNull();
    expect(markPassed(299, 298)).toBeNull();
  });
});

describe('while somebody else is acted as', () => {
  const acting = (banner: Banner, session: Partial<SessionView> = {}): AppView => {
    const port = new FakePort(at(banner, session));
    port.impersonate('alix', 'o1', 'Le nom du site est faux', Date.now());
    port.current.work.fault = { code: 'disk_full', retry_after_seconds: null, subject: null };
    return port.current;
  };
  const said = (shown: AppView): string[] => {
    const text = bannerText(shown, now, fr, 'fr');
    return [text?.rest ?? '', ...(text?.offers.map((offer) => offer.action) ?? [])];
  };

  it.each([
    [{ kind: 'offline' }, ['', 'retry']],
    [{ kind: 'server_down', trouble: 'malformed' }, ['', 'retry']],
    [{ kind: 'idle_end_near' }, [fr.banner.idleEndSafe, 'stay']],
    [{ kind: 'absolute_end_near' }, ['']],
    [{ kind: 'keychain_unavailable', fault: 'locked' }, [fr.banner.keychainSafe, 'retry']],
  ] as [Banner, string[]][])('%j promises no saved work and offers no signing in', (banner, wanted) => {
    expect(said(acting(banner))).toEqual(wanted);
  });

  it('an ended session still offers to sign in', () => {
    expect(said(acting({ kind: 'ended', reason: 'revoked' }))).toContain('reconnect');
  });
});
