// What the shell last said, and what the whole window does with it.

import type { Answer, AppView, Category, ImpersonationView, OperatorView, Port, UiError } from '../shell/port';
import { locale } from '../words/locale.svelte';

export type Feedback = { kind: 'retried' | 'saved' | 'stayed' | 'failed' | 'why'; words: string } | null;

export class App {
  readonly port: Port;
  /** The newest view. */
  view = $state.raw<AppView | null>(null);
  /** What the last press on the banner brought. */
  feedback = $state.raw<Feedback>(null);
  busy = $state<'retry' | 'save' | null>(null);
  /** Since when the connection is lost. */
  lostSince_ms = $state<number | null>(null);
  /** The goods as they were last, and whose. */
  goods: { organization_id: string | null; categories: Category[] } | null = null;
  /** The password that a call waits for, if one does. */
  asking = $state.raw<{ proceed: (given: boolean) => void } | null>(null);
  #stop: (() => void) | null = null;

  constructor(port: Port) {
    this.port = port;
  }

  /** As whom the operator works, while that lasts. */
  get acting(): ImpersonationView | null {
    return this.view?.impersonation ?? null;
  }

  /** Whose rights and place hold: those of the person acted as, else of whoever is signed in. */
  get worker(): OperatorView | null {
    return this.acting?.operator ?? this.view?.operator ?? null;
  }

  /** Subscribes first and asks then, so that nothing falls in between. */
  async start(): Promise<void> {
    this.#stop = await this.port.onAppChanged((view) => this.take(view));
    const view = await this.port.appView();
    await locale.set(view.settings.language);
    this.take(view);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  /** Keeps `view` if it is newer than the one in hand. */
  take(view: AppView): void {
    if (this.view && view.revision <= this.view.revision) return;
    const before = this.view?.session;
    const { session } = view;
    if (session.connection.kind !== 'lost') this.lostSince_ms = null;
    else if (before?.connection.kind !== 'lost' || this.lostSince_ms === null) {
      const says = session.banner.kind === 'offline' || session.banner.kind === 'server_down';
      this.lostSince_ms = says ? session.since_ms : Date.now();
    }
    if (before && before.banner.kind !== session.banner.kind) this.feedback = null;
    this.view = view;
    void locale.set(view.settings.language);
  }

  /** Takes the view that a command brought. */
  taken(answer: Answer<AppView>): UiError | null {
    if (answer.status === 'error') return answer.error;
    this.take(answer.data);
    return null;
  }

  async retry(): Promise<void> {
    if (this.busy) return;
    this.busy = 'retry';
    const answer = await this.port.retry();
    this.busy = null;
    this.feedback =
      answer.status === 'ok'
        ? { kind: 'retried', words: locale.w.banner.retried[answer.data] }
        : { kind: 'failed', words: locale.error(answer.error) };
  }

  /** Makes a call that may want the password once more: asks for it and goes on by itself. Nothing where it is not given. */
  async guarded<T>(call: () => Promise<Answer<T>>): Promise<Answer<T> | null> {
    const answer = await call();
    if (answer.status === 'ok' || answer.error.code !== 'reauthentication_required') return answer;
    const given = await new Promise<boolean>((proceed) => (this.asking = { proceed }));
    this.asking = null;
    return given ? call() : null;
  }

  stay(): void {
    this.port.operatorInput().catch(() => undefined);
    this.feedback = { kind: 'stayed', words: locale.w.banner.stayed };
  }

  explain(words: string): void {
    this.feedback = { kind: 'why', words };
  }

  reported(answer: Answer<{ saved_at_ms: number }>): void {
    this.feedback =
      answer.status === 'ok'
        ? { kind: 'saved', words: locale.w.banner.savedAt(locale.time(answer.data.saved_at_ms)) }
        : { kind: 'failed', words: locale.error(answer.error) };
  }
}
