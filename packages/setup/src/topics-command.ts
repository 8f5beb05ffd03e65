import { parseArgs } from 'node:util';
import {
  baseConfig,
  kafkaConfigFrom,
  loadConfig,
  refusePlainTextKafka,
  UsageError,
  withDevStack,
} from '@subledger/service-kit';
import { z } from 'zod';
import { ensureAllTopics } from './ensure-all-topics.js';
import type { SetupCommand } from './setup-command.js';

const OPTIONS = {
  partitions: { type: 'string' },
  'replication-factor': { type: 'string' },
} as const;

const { DATABASE_URL: _none, ...variables } = baseConfig;
const topicsConfig = z.object(variables);

/** All topics, with TLS and SASL as for the services. */
export const topics: SetupCommand = {
  name: 'topics',
  summary: 'create the topics, and set what has drifted (--partitions, --replication-factor)',
  async run({ argv, env, cwd, print }) {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS });
    const options = {
      partitions: countOf('--partitions', values.partitions),
      replicationFactor: countOf('--replication-factor', values['replication-factor']),
    };
    const config = loadConfig(topicsConfig, withDevStack(env, cwd, ['KAFKA_BROKERS']));
    refusePlainTextKafka(config);
    const { created, altered } = await ensureAllTopics(kafkaConfigFrom(config, 'subledger-topics'), options);
    if (created.length > 0) print(`created: ${created.join(', ')}`);
    if (altered.length > 0) print(`settings changed: ${altered.join(', ')}`);
    if (created.length + altered.length === 0) print('topics: up to date');
  },
};

function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 10_000)
    throw new UsageError(`${flag} must be a whole number from 1 to 10000`);
  return count;
}
