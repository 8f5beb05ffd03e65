import { Resolver } from 'node:dns/promises';
import { isLocalhost } from './webhook-url.js';

/**
 * Looks up a name.
 * @throws Error if it has no address, or no name server answers
 */
export type ResolveHost = (name: string) => Promise<readonly string[]>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/**
 * Queries name servers directly. `getaddrinfo` shares a few threads of the process, so a customer's slow name server
 * would delay all look-ups. /etc/hosts is not read.
 *
 *
 * @param servers default: those of /etc/resolv.conf
 */
export function nameServerResolver(servers?: readonly string[]): ResolveHost {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers) resolver.setServers(servers);
  return async (name) => {
    if (isLocalhost(name)) return ['127.0.0.1', '::1'];
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = [v4, v6].flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (found.length === 0) throw new Error('the name has no address');
    return found;
  };
}
