import { isIP } from 'node:net';
import { isAllowedAddress } from './allowed-address.js';

export interface UrlRules {
  /** Whether plain http is refused. */
  readonly requireHttps: boolean;
  /** Whether private addresses may be called (WEBHOOK_ALLOW_PRIVATE_ADDRESSES). */
  readonly allowPrivate: boolean;
}

/** The host of a URL as a name or address: without brackets and without the root's dot. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** Whether a host stands for the machine itself by its name alone (RFC 6761). */
export const isLocalhost = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

/**
 * What is wrong with the URL of a webhook, as far as it shows without asking a name server; undefined where nothing is.
 * The WHATWG parser writes every spelling of an IPv4 address (`0x7f.1`, `2130706433`) as four decimal numbers.
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
