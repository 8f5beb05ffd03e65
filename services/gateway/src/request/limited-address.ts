import { isIPv4, isIPv6 } from 'node:net';

/** Groups of the network part: whoever has an IPv6 address has a whole /64 of them. */
const NETWORK_GROUPS = 4;

/** What attempts from an address are counted under: an IPv4 address itself, of an IPv6 address its /64. */
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

/** Leading parts of an IPv4 address that a network shares: whoever has one address often has its neighbours (/24). */
const IPV4_NETWORK_PARTS = 3;

/** The network that attempts at one account are counted under: of an IPv4 address its /24, of an IPv6 address its /64. */
export function limitedNetwork(ip: string): string {
  const address = limitedAddress(ip);
  if (!isIPv4(address)) return address;
  return `${address.split('.').slice(0, IPV4_NETWORK_PARTS).join('.')}.0/24`;
}

const groupsOf = (text: string): string[] =>
  text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, ''));
