import { setTimeout as sleep } from 'node:timers/promises';
import { isConnectionError } from '@subledger/database';
import type { Logger } from '@subledger/service-kit';

const RETRY_MS = 500;

/**
 * Waits for a database that is still starting.
 *
 *
 * @throws the error of `ask` if it is not about the connection, or the signal's reason once it is aborted
 */
export async function untilDatabaseAnswers(
  ask: () => Promise<unknown>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      if (attempt === 0) log.warn({ err: error }, 'waiting for the database');
    }
    await sleep(RETRY_MS, undefined, { signal });
  }
}
