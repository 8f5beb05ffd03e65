import { isIPv4, isIPv6 } from 'node:net';

/** Number of groups of the network part: an IPv6 client usually has a whole /64. */
const NETWORK_GROUPS = 4;

/** The key for counting attempts from an address: an IPv4 address itself, or the /64 of an IPv6 address. */
export function limitedAddress(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = (ip.split('%')[0] ?? '').toLowerCase().split('::');
  const first = groupsOf(head);
  const last = groupsOf(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array.from({ length: Math.max(zeros, 0) }, () => '0'), ...last];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** Number of leading parts of an IPv4 network: an attacker with one address often has its neighbours (/24). */
const IPV4_NETWORK_PARTS = 3;

/**
 * The key for counting attempts at one account from a network: the /24 of an IPv4 address, or the /64 of an IPv6
 * address.
 */
export function limitedNetwork(ip: string): string {
  const address = limitedAddress(ip);
  if (!isIPv4(address)) return address;
  return `${address.split('.').slice(0, IPV4_NETWORK_PARTS).join('.')}.0/24`;
}

const groupsOf = (text: string): string[] =>
  text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, ''));
