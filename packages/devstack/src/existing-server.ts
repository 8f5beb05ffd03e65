import { connect } from 'node:net';
import { EXISTING_SERVER_TIMEOUT_MS } from './constants.js';
import { DevstackError } from './devstack-error.js';
import { poll } from './poll.js';

/**
 * Waits until something listens at the first of the addresses that answers; servers that start beside us
 * get some time.
 *
 * @throws DevstackError naming the variable and the addresses
 */
export async function assertListening(
  variable: string,
  addresses: readonly { readonly host: string; readonly port: number }[],
  timeoutMs = EXISTING_SERVER_TIMEOUT_MS,
): Promise<void> {
  const names = addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  await poll(
    async () => {
      for (const { host, port } of addresses) if (await answers(host, port)) return true;
      return undefined;
    },
    {
      timeoutMs,
      intervalMs: 250,
      onTimeout: () =>
        new DevstackError(
          `${variable} names ${names}, where nothing listens. Start it, or unset ${variable} to use the built-in one.`,
        ),
    },
  );
}

/** `host:port,host:port`, as in KAFKA_BROKERS. */
export function parseBrokers(text: string): { host: string; port: number }[] {
  return text.split(',').map((item) => {
    const match = /^\s*(?:\w+:\/\/)?(.+):(\d+)\s*$/.exec(item);
    if (match === null) {
      throw new DevstackError(`KAFKA_BROKERS must be a list of host:port, but has ${JSON.stringify(item)}`);
    }
    return { host: match[1] ?? '', port: Number(match[2]) };
  });
}

/** Where a `postgresql://` URL points. */
export function parseDatabaseUrl(text: string): { host: string; port: number } {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    throw new DevstackError('DATABASE_URL must look like postgresql://user:password@host:5432/database');
  }
  const url = new URL(text);
  return { host: url.hostname.replaceAll(/^\[|\]$/g, ''), port: Number(url.port || 5432) };
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('timeout', () => done(false));
  });
}
