import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * The client's address, behind trusted proxies. A forwarded value may not be an address (`unknown`, a name). Then the
 * nearest address of the chain counts, and in the last resort the connection's own.
 */
export function clientAddress({ ip, ips = [ip] }: Pick<FastifyRequest, 'ip' | 'ips'>): string {
  return ips.map(addressIn).findLast((address) => address !== undefined) ?? ip;
}

/** Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(text: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  return isIP(address) === 0 ? undefined : address;
}
