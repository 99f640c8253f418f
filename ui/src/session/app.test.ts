import { describe, expect, it, vi } from 'vitest';
import { FakePort, view } from '../shell/fake';
import { locale } from '../words/locale.svelte';
import { App } from './app.svelte';
import { watchPresence } from './presence';

describe('the view in hand', () => {
  it('is subscribed to before it is asked for', async () => {
    const port = new FakePort();
    await new App(port).start();
    expect(port.calls.slice(0, 2)).toEqual(['onAppChanged', 'appView']);
  });

  it('is the newest, whatever the order of arrival', async () => {
    const port = new FakePort();
    const app = new App(port);
    vi.spyOn(port, 'appView').mockImplementation(async () => {
      port.change({ work: { ...port.current.work, waiting: 7 } });
      return view({ revision: 1 });
    });
    await app.start();
    expect(app.view?.work.waiting).toBe(7);
    app.take(view({ revision: 1 }));
    expect(app.view?.work.waiting).toBe(7);
  });

  it('carries the language to every screen', async () => {
    const port = new FakePort();
    await new App(port).start();
    port.change({ settings: { ...port.current.settings, language: 'en' } });
    await vi.waitFor(() => expect(locale.w.nav.till).toBe('Till'));
    expect(document.documentElement.lang).toBe('en');
  });

  it('knows since when the connection is lost, across changes of the banner', async () => {
    const port = new FakePort();
    const app = new App(port);
    await app.start();
    port.change({}, { banner: { kind: 'offline' }, connection: { kind: 'lost', trouble: 'offline' }, since_ms: 1_000 });
    port.change(
      {},
      {
        banner: { kind: 'server_down', trouble: 'server_down' },
        connection: { kind: 'lost', trouble: 'server_down' },
        since_ms: 9_000,
      },
    );
    expect(app.lostSince_ms).toBe(1_000);
    port.change({}, { banner: { kind: 'hidden' }, connection: { kind: 'online' } });
    expect(app.lostSince_ms).toBeNull();
  });
});

describe('presence', () => {
  it('is told by real input at most once in five seconds', () => {
    vi.useFakeTimers();
    const port = new FakePort();
    const stop = watchPresence(port, () => true);
    for (let index = 0; index < 20; index += 1) {
      dispatchEvent(new KeyboardEvent('keydown'));
      dispatchEvent(new Event('pointerdown'));
      vi.advanceTimersByTime(500);
    }
    expect(port.inputs).toBe(2);
    stop();
    vi.advanceTimersByTime(10_000);
    dispatchEvent(new KeyboardEvent('keydown'));
    expect(port.inputs).toBe(2);
  });

  it('is not told by a script', () => {
    const port = new FakePort();
    const stop = watchPresence(port);
    dispatchEvent(new KeyboardEvent('keydown'));
    dispatchEvent(new Event('touchstart'));
    expect(port.inputs).toBe(0);
    stop();
  });
});

describe('the language', () => {
  it('is the last one wished for, whichever words came first', async () => {
    const english = locale.set('en');
    const french = locale.set('fr');
    await Promise.all([english, french]);
    expect(locale.language).toBe('fr');
  });

  it('is there before the first paint', async () => {
    const base = view();
    const app = new App(new FakePort(view({ settings: { ...base.settings, language: 'en' } })));
    await app.start();
    expect(locale.w.signin.submit).toBe('Sign in');
  });
});
