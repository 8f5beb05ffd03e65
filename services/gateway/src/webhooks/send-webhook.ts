import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { WebhookDeliveryError } from '@subledger/contracts';
import { isAllowedAddress } from './allowed-address.js';
import type { ResolveHost } from './resolve-host.js';
import { problemOfUrl, type UrlRules } from './webhook-url.js';

/** Maximum bytes of an answer to read. */
const MAX_ANSWER_BYTES = 1_024;

export interface SendOptions extends UrlRules {
  /** Maximum milliseconds for everything: name look-up, connection, request and answer. */
  readonly timeoutMs: number;
  readonly resolve: ResolveHost;
  /** Aborts the attempt when the process ends. */
  readonly signal?: AbortSignal;
}

export interface SendResult {
  /** HTTP status, or null if there was no answer. */
  readonly responseStatus: number | null;
  readonly durationMs: number;
  /** Null for a success. */
  readonly error: WebhookDeliveryError | null;
}

class AddressRefused extends Error {}
class NameNotResolved extends Error {}

/**
 * Sends one POST. Redirects are not followed. The address is checked while the connection is made, so the checked
 * address is the one used, whatever the name server answers later (OWASP SSRF Prevention Cheat Sheet). Never throws.
 */
export async function sendWebhook(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  options: SendOptions,
): Promise<SendResult> {
  const startedAtMs = performance.now();
  const result = (responseStatus: number | null, error: WebhookDeliveryError | null): SendResult => ({
    responseStatus,
    durationMs: Math.round(performance.now() - startedAtMs),
    error,
  });
  // Checked again, although it was checked when it was stored: the rules may have changed, and an IP address needs no
  // look-up.
  if (problemOfUrl(url, options) !== undefined) return result(null, 'address-refused');
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  try {
    const status = await post(new URL(url), body, headers, guardedLookup(options), signal);
    return result(status, errorOfStatus(status));
  } catch (error) {
    return result(null, errorOf(error, timeout.aborted));
  }
}

function errorOfStatus(status: number): WebhookDeliveryError | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? 'redirect' : 'bad-status';
}

function errorOf(error: unknown, isTimeout: boolean): WebhookDeliveryError {
  if (isTimeout) return 'timeout';
  if (error instanceof AddressRefused) return 'address-refused';
  return error instanceof NameNotResolved ? 'name-not-resolved' : 'connection-failed';
}

/**
 * Resolves with the answer's status.
 * @throws the connection's error, or the signal's
 */
function post(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<number> {
  const { request } = url.protocol === 'https:' ? https : http;
  const bytes = Buffer.from(body);
  // Once the status has arrived, the rest of the answer does not matter.
  let status: number | undefined;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        // A new connection, so that its address is checked.
        agent: false,
        lookup,
        signal,
        headers: { ...headers, 'content-length': bytes.length },
      },
      (answer) => {
        let left = MAX_ANSWER_BYTES;
        const known = answer.statusCode ?? 0;
        status = known;
        const end = () => {
          resolve(known);
          answer.destroy();
        };
        answer.on('data', (chunk: Buffer) => {
          left -= chunk.length;
          if (left <= 0) end();
        });
        answer.on('end', end).on('close', end).on('error', end);
      },
    );
    sent.on('error', (error) => (status === undefined ? reject(error) : resolve(status)));
    sent.end(bytes);
  });
}

/** Refuses a name if any of its addresses is not allowed, because such a name has no legitimate use. */
export function guardedLookup({
  resolve,
  allowPrivate,
}: Pick<SendOptions, 'resolve' | 'allowPrivate'>): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const lookUp = async () => {
      const host = hostname.replace(/\.$/, '');
      const found = await resolve(host).catch((cause: unknown) => {
        throw new NameNotResolved(host, { cause });
      });
      if (found.some((address) => !isAllowedAddress(address, allowPrivate))) throw new AddressRefused(host);
      const list = found
        .map((address) => ({ address, family: isIP(address) }))
        .filter((one) => (family !== 4 && family !== 6 ? true : one.family === family));
      if (!list[0]) throw new NameNotResolved(host);
      return list as [{ address: string; family: number }];
    };
    lookUp().then(
      (list) => (all ? callback(null, list) : callback(null, list[0].address, list[0].family)),
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}
