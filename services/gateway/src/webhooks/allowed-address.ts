import ipaddr from 'ipaddr.js';

/** Global unicast; what lies outside is not routed, or embeds an IPv4 address (`::127.0.0.1`). */
const GLOBAL_IPV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/**
 * Where clouds answer their own machines, outside of the link-local addresses that most of them use: Azure, Alibaba, and
 * AWS over IPv6.
 */
const CLOUD_INTERNAL = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254']);
/** What `allowPrivate` allows: other machines of the same network, and the machine itself. */
const PRIVATE_RANGES = new Set<string>(['private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Whether webhooks may lead to an address: to the open internet, and with `allowPrivate` into private networks. Never to
 * link-local addresses (where clouds have their metadata), multicast, reserved or unspecified ones, nor to an IPv6 form
 * of an IPv4 address (mapped, NAT64, 6to4, Teredo).
 *
 * @param text an IP address
 * @throws Error where it is none
 */
export function isAllowedAddress(text: string, allowPrivate: boolean): boolean {
  const address = ipaddr.parse(text);
  if (CLOUD_INTERNAL.has(address.toString())) return false;
  const range = address.range();
  if (range !== 'unicast') return allowPrivate && PRIVATE_RANGES.has(range);
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6);
}
