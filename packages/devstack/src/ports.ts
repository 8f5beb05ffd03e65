import { createServer } from 'node:net';
import { HOST } from './constants.js';
import { DevstackError } from './devstack-error.js';

/** The port of a server, and the variable that set it, if one did. */
export interface PortChoice {
  readonly port: number;
  /** False if the port was requested explicitly. */
  readonly free: boolean;
}

/**
 * The port that was asked for; else the one of the previous run, so that addresses stay the same over
 * restarts; else any that is free.
 *
 * @throws DevstackError when the port that was asked for is in use, naming the variable to change
 */
export async function choosePort(options: {
  readonly wanted: number | undefined;
  readonly previous?: number | undefined;
  readonly what: string;
  readonly variable: string;
}): Promise<PortChoice> {
  const { wanted, previous, what, variable } = options;
  if (wanted !== undefined) {
    if (!(await isFree(wanted))) {
      throw new DevstackError(
        `Port ${wanted} on ${HOST}, wanted for ${what}, is in use. Free it, or set ${variable} to another port (unset, a free one is picked).`,
      );
    }
    return { port: wanted, free: false };
  }
  if (previous !== undefined && (await isFree(previous))) return { port: previous, free: true };
  return { port: await freePort(), free: true };
}

/** A port on which nobody listens at this moment. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch {
    return false;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: HOST, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

/**
 * Reads a port from an environment variable; undefined when it is unset or empty.
 *
 * @throws DevstackError when it is not a whole number from 1 to 65535
 */
export function portFromEnv(variable: string, env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = env[variable];
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new DevstackError(`${variable} must be a port from 1 to 65535, but is ${JSON.stringify(text)}`);
  }
  return port;
}
