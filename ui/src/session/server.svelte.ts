// A choice of server being typed: this device, or an address with an authority's file.

import type { DeviceSettings, Port, UiError } from '../shell/port';

const blank = (text: string): string | null => (text.trim() === '' ? null : text.trim());

export class ServerChoice {
  kind = $state<'this_device' | 'remote'>('this_device');
  url = $state('');
  ca = $state('');
  /** What the last test brought. */
  outcome = $state.raw<{ ok: true } | { ok: false; error: UiError } | null>(null);
  testing = $state(false);
  missing = $state(false);

  constructor(settings: DeviceSettings) {
    this.reset(settings);
  }

  reset(settings: DeviceSettings): void {
    this.kind = settings.server.kind;
    this.url = settings.server.kind === 'remote' ? settings.server.url : '';
    this.ca = settings.ca_file ?? '';
    this.outcome = null;
    this.missing = false;
  }

  /** What was chosen; nothing while an address is wanted and absent. */
  chosen(): Pick<DeviceSettings, 'server' | 'ca_file'> | null {
    const url = blank(this.url);
    this.missing = this.kind === 'remote' && url === null;
    if (this.kind === 'this_device') return { server: { kind: 'this_device' }, ca_file: null };
    return url === null ? null : { server: { kind: 'remote', url }, ca_file: blank(this.ca) };
  }

  differs(settings: DeviceSettings): boolean {
    const { server } = settings;
    if (server.kind !== this.kind) return true;
    return server.kind === 'remote' && (server.url !== this.url.trim() || settings.ca_file !== blank(this.ca));
  }

  async test(port: Port): Promise<void> {
    const chosen = this.chosen();
    if (!chosen || this.testing) return;
    this.testing = true;
    this.outcome = null;
    const answer = await port.testServer(chosen.server, chosen.ca_file);
    this.testing = false;
    this.outcome = answer.status === 'ok' ? { ok: true } : { ok: false, error: answer.error };
  }
}
