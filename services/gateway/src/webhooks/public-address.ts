import ipaddr from 'ipaddr.js';

/** Global unicast; what lies outside is not routed, or embeds an IPv4 address (`::127.0.0.1`). */
const GLOBAL_IPV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/** A public address that clouds answer their own machines at (Azure's agent and metadata). */
const CLOUD_INTERNAL = new Set(['168.63.129.16']);

/**
 * Whether an address is one of the open internet: not private, loopback, link-local (where clouds have their metadata),
 * carrier-grade NAT, multicast, reserved, nor an IPv6 form of an IPv4 address (mapped, NAT64, 6to4, Teredo).
 *
 * @param text an IP address
 * @throws Error where it is none
 */
export function isPublicAddress(text: string): boolean {
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast' || CLOUD_INTERNAL.has(address.toString())) return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6);
}
