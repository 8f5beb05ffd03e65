import ipaddr from 'ipaddr.js';

/** Global unicast. Addresses outside are not routed, or embed an IPv4 address (`::127.0.0.1`). */
const GLOBAL_IPV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/**
 * Addresses of clouds' metadata services outside of the link-local range that most of them use: Azure, Alibaba, and
 * AWS over IPv6.
 */
const CLOUD_INTERNAL = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2::254']);
/** Ranges that `allowPrivate` adds: other machines of the same network, and the machine itself. */
const PRIVATE_RANGES = new Set<string>(['private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Whether webhooks may be sent to an address (OWASP Server-Side Request Forgery Prevention Cheat Sheet). Allowed are
 * the public internet, and with `allowPrivate` private networks. Link-local addresses (clouds' metadata services),
 * multicast, reserved and unspecified addresses, and IPv6 forms of IPv4 addresses (mapped, NAT64, 6to4, Teredo) are
 * never allowed.
 *
 *
 * @param text an IP address
 * @throws Error if it is not an IP address
 */
export function isAllowedAddress(text: string, allowPrivate: boolean): boolean {
  const address = ipaddr.parse(text);
  if (CLOUD_INTERNAL.has(address.toString())) return false;
  const range = address.range();
  if (range !== 'unicast') return allowPrivate && PRIVATE_RANGES.has(range);
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6);
}
