import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { WebhookDeliveryError } from '@subledger/contracts';
import { isAllowedAddress } from './allowed-address.js';
import type { ResolveHost } from './resolve-host.js';
import { problemOfUrl, type UrlRules } from './webhook-url.js';

/** Of an answer no more is read than this. */
const MAX_ANSWER_BYTES = 1_024;

export interface SendOptions extends UrlRules {
  /** Milliseconds for all of it: name, connection, request and answer. */
  readonly timeoutMs: number;
  readonly resolve: ResolveHost;
  /** Breaks it off when the process ends. */
  readonly signal?: AbortSignal;
}

export interface SendResult {
  /** HTTP status; null where no answer came. */
  readonly responseStatus: number | null;
  readonly durationMs: number;
  /** Null for a success. */
  readonly error: WebhookDeliveryError | null;
}

class AddressRefused extends Error {}
class NameNotResolved extends Error {}

/**
 * One POST. Redirects are not followed, and the address is looked at when the connection is made: the one that was
 * looked at is the one that is connected to, whatever the name server says next. Never throws.
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
  // Again, though it was looked at when it was stored: the rules may have changed, and an address is never looked up.
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

/** Resolves with the answer's status. @throws the connection's error, or the signal's */
function post(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<number> {
  const { request } = url.protocol === 'https:' ? https : http;
  const bytes = Buffer.from(body);
  // Once it has come, it does not matter what becomes of the rest of the answer.
  let status: number | undefined;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        // A connection of its own, so that its address is looked at.
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

/** Refuses a name as soon as one of its addresses is not allowed: nobody has a good reason for such a name. */
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
