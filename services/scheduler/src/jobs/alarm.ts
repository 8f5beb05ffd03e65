import { fileURLToPath } from 'node:url';
import type { Logger } from '@subledger/service-kit';
import Bree from 'bree';

export interface Wake {
  readonly job: string;
  /** When to wake: a cron expression of five or six fields, in UTC. */
  readonly cron: string;
}

/** `.js` when built. Under a test runner that reads sources `.ts`, which Node runs directly. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const WORKER = fileURLToPath(new URL(`./wake-worker${EXTENSION}`, import.meta.url));

/**
 * Wakes the jobs with Bree. Bree stores nothing, and may fire some milliseconds early and then again. In a local time
 * zone it may fire in the wrong month across a clock change. So it runs in UTC and decides nothing.
 */
export class Alarm {
  readonly #bree: Bree;

  constructor(wakes: readonly Wake[], onWake: (job: string) => void, log: Logger) {
    this.#bree = new Bree({
      root: false,
      logger: false,
      timezone: 'UTC',
      acceptedExtensions: ['.js', '.ts'],
      jobs: wakes.map(({ job, cron }) => ({
        name: job,
        path: WORKER,
        cron,
        hasSeconds: cron.trim().split(/\s+/).length === 6,
        cronValidate: { override: { useSeconds: cron.trim().split(/\s+/).length === 6 } },
      })),
      workerMessageHandler: ({ name }) => onWake(name),
      errorHandler: (error) => log.error({ err: error }, 'alarm: the worker that wakes failed'),
    });
  }

  async start(): Promise<void> {
    await this.#bree.start();
  }

  /** Stops waking. Resolves when its workers have ended. */
  async stop(): Promise<void> {
    await this.#bree.stop();
  }
}
