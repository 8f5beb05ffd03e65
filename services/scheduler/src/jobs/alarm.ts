import { fileURLToPath } from 'node:url';
import type { Logger } from '@subledger/service-kit';
import Bree from 'bree';
import type { JobName } from './job-run-store.js';

export interface Wake {
  readonly job: JobName;
  /** When to wake, a cron expression of five or six fields, on UTC. */
  readonly cron: string;
}

/** As built, `.js`; under a test runner that reads sources, `.ts`, which Node runs as it is. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const WORKER = fileURLToPath(new URL(`./wake-worker${EXTENSION}`, import.meta.url));

/**
 * Bree as an alarm clock. It keeps nothing, may fire some milliseconds early and then again, and in a local time zone
 * in the wrong month across a clock change; so it wakes on UTC and decides nothing.
 */
export class Alarm {
  private readonly bree: Bree;

  constructor(wakes: readonly Wake[], onWake: (job: JobName) => void, log: Logger) {
    this.bree = new Bree({
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
      workerMessageHandler: ({ name }) => onWake(name as JobName),
      errorHandler: (error) => log.error({ err: error }, 'alarm: the worker that wakes failed'),
    });
  }

  async start(): Promise<void> {
    await this.bree.start();
  }

  /** Wakes nobody any more; resolves when its workers are gone. */
  async stop(): Promise<void> {
    await this.bree.stop();
  }
}
