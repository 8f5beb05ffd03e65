import { parseArgs } from 'node:util';
import type { Command } from '../command.js';
import { DevstackError } from '../devstack-error.js';
import { startStack } from '../stack.js';
import { stopSignals } from '../stop-signals.js';
import { startTestServers } from '../test-servers.js';

/** A signal's exit code, as shells count it: 128 + 2 for Ctrl-C. */
const KILLED = 130;

/** PostgreSQL and Kafka alone, in the foreground, until Ctrl-C. */
export const servers: Command = {
  name: 'servers',
  summary: 'PostgreSQL and Kafka alone, until Ctrl-C (--test: empty ones for tests, gone afterwards)',
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: { test: { type: 'boolean', default: false } } });
    const signals = stopSignals(() => process.exit(KILLED));
    const log = (line: string): void => console.error(line);
    const starting = values.test
      ? startTestServers({})
      : startStack({ home: process.env.SUBLEDGER_HOME || '.subledger', log });
    const stack = await starting;
    const prefix = values.test ? 'TEST_' : '';
    console.log(`export ${prefix}DATABASE_URL='${stack.databaseUrl}'`);
    console.log(`export ${prefix}KAFKA_BROKERS='${stack.kafkaBrokers}'`);
    log('Ctrl-C stops them.');
    const ended = await Promise.race([signals.first, stack.failed]);
    await stack.stop();
    signals.release();
    if (typeof ended === 'string') return 0;
    throw new DevstackError(`${ended.name} stopped by itself (${ended.how})`);
  },
};
