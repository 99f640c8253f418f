// Starts the screen over the shell, and says when it can be shown.

import { mount, tick } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import { App } from './session/app.svelte';
import type { Port } from './shell/port';
import { tauriPort } from './shell/tauri';
import { follow } from './styles/theme';
import Window from './App.svelte';

/** A hidden window may be given no animation frame, and it is shown only once this has come: so never wait for long. */
const FRAME_AT_MOST_MS = 100;

async function port(): Promise<Port> {
  if (__BROWSER_BUILD__ || (import.meta.env.DEV && !('__TAURI_INTERNALS__' in window))) {
    return (await import('./shell/demonstration')).demonstration();
  }
  return tauriPort;
}

const painted = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
    setTimeout(resolve, FRAME_AT_MOST_MS);
  });

follow('system')();
const app = new App(await port());
await app.start();
mount(Window, { target: document.getElementById('app')!, props: { app } });
await tick();
await painted();
await app.port.windowReady();
