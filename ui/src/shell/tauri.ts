// The port over Tauri: the only place that imports it.

import { commands, events } from './bindings';
import type { Answer, Port, UiError } from './port';

const internal = {
  status: 'error',
  error: { code: 'internal', retry_after_seconds: null, subject: null },
} satisfies Answer<never>;

/** The bridge itself can fail too, with a text or an exception: the operator sees one sentence for all of that. */
async function answer<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    const came = await call;
    if (came.status === 'ok') return came;
    const error: Partial<UiError> | string | null = came.error;
    return typeof error === 'object' && error?.code ? came : internal;
  } catch {
    return internal;
  }
}

type Call = (...given: unknown[]) => Promise<Answer<unknown>>;

/** Every command under its own name, with its faults made plain. */
const answered = Object.fromEntries(
  Object.entries(commands).map(([name, call]) => [name, (...given: unknown[]) => answer((call as Call)(...given))]),
) as unknown as typeof commands;

/** Those that cannot fail come as they are. */
const { appView, operatorInput, about, windowReady, answerClose } = commands;

export const tauriPort: Port = {
  ...answered,
  appView,
  operatorInput,
  about,
  windowReady,
  answerClose,
  onAppChanged: (listener) => events.appChanged.listen((event) => listener(event.payload)),
  putDeviceSettings: answered.deviceSettingsPut,
};
