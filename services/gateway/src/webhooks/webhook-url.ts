import { isIP } from 'node:net';
import { isAllowedAddress } from './allowed-address.js';

export interface UrlRules {
  /** Whether plain http is refused. */
  readonly requireHttps: boolean;
  /** Whether private addresses are allowed (WEBHOOK_ALLOW_PRIVATE_ADDRESSES). */
  readonly allowPrivate: boolean;
}

/** The host of a URL as a name or address, without brackets and without the root's dot. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** Whether the host name always means the machine itself (RFC 6761, section 6.3). */
export const isLocalhost = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

/**
 * The error of a webhook's URL that can be found without a name server, or undefined. The WHATWG parser converts
 * every notation of an IPv4 address (`0x7f.1`, `2130706433`) to four decimal numbers.
 */
export function problemOfUrl(text: string, { requireHttps, allowPrivate }: UrlRules): string | undefined {
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return 'must be a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && (requireHttps || url.protocol !== 'http:'))
    return requireHttps ? 'must begin with https://' : 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not have a user name or password';
  if (url.hash !== '') return 'must not have a fragment';
  const host = hostOf(url);
  if (host === '') return 'must have a host';
  const isRefused =
    isIP(host) === 0 ? isLocalhost(host) && !allowPrivate : !isAllowedAddress(host, allowPrivate);
  return isRefused ? 'must lead to a public address' : undefined;
}
