// The networks that impersonations are allowed from, as typed; the server has the last word.

import { linesOf } from '../alerts/monitoring';

export const NETWORKS_MOST = 64;

const isIpv4 = (text: string): boolean => {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
};

/** By the engine's own reading of addresses. */
const isIpv6 = (text: string): boolean =>
  /^[\da-f:.]+$/i.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`);

/** An address, or a network such as `192.0.2.0/24`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const most = isIpv4(address) ? 32 : isIpv6(address) ? 128 : null;
  if (most === null || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= most);
}

export type NetworkFault = { kind: 'line'; line: string } | { kind: 'many' };

/** The networks typed, one a line, or what is wrong with them. */
export function readNetworks(typed: string): { networks: string[] } | { fault: NetworkFault } {
  const networks = linesOf(typed);
  const stray = networks.find((line) => !isNetwork(line));
  if (stray !== undefined) return { fault: { kind: 'line', line: stray } };
  return networks.length > NETWORKS_MOST ? { fault: { kind: 'many' } } : { networks };
}
