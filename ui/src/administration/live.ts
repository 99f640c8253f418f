// Which live sessions are asked for, and how many people a press would hit.

import type { Answer, LiveSession, Port, SessionQuery } from '../shell/port';
import { mapped, type Page, upTo } from './pages.svelte';

/** More than this are not counted one by one. */
export const COUNTED_MOST = 1_000;

export const everything: SessionQuery = {
  organization_id: null,
  user_id: null,
  site_id: null,
  ip_address: null,
  device: null,
  idle_minutes: null,
  after: null,
};

const page = async (port: Port, query: SessionQuery): Promise<Answer<Page<LiveSession>>> =>
  mapped(await port.liveSessions(query), ({ sessions, next }) => ({ items: sessions, next: next ?? null }));

export const ask =
  (port: Port, query: () => SessionQuery) =>
  (after: string | null): Promise<Answer<Page<LiveSession>>> =>
    page(port, { ...query(), after });

/** How many sessions, of how many people; the one that asks is kept and does not count. */
export interface Reach {
  sessions: number;
  people: number;
  more: boolean;
}

export async function reachOf(port: Port, query: SessionQuery): Promise<Answer<Reach>> {
  const answer = await upTo(COUNTED_MOST, (after) => page(port, { ...query, after }));
  return mapped(answer, ({ items, more }) => {
    const hit = items.filter((each) => !each.session.is_current);
    return { sessions: hit.length, people: new Set(hit.map((each) => each.user_id)).size, more };
  });
}
