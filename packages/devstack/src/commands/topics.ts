import { parseArgs } from 'node:util';
import type { Command } from '../command.js';
import { DevstackError } from '../devstack-error.js';
import { addressFrom } from './start-dev-json.js';
import { homeFromEnv } from './start-paths.js';
import { ensureAllTopics } from './topics-ensure.js';

const OPTIONS = {
  partitions: { type: 'string' },
  'replication-factor': { type: 'string' },
} as const;

/** The topics on KAFKA_BROKERS (TLS and SASL as for the services), or on the Kafka of the running system. */
export const topics: Command = {
  name: 'topics',
  summary: 'create the topics (KAFKA_BROKERS, or the running system; --partitions, --replication-factor)',
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    const brokers = await addressFrom('KAFKA_BROKERS', homeFromEnv());
    const kafka = await kafkaFromEnv({ ...process.env, KAFKA_BROKERS: brokers });
    const { created, altered } = await ensureAllTopics(kafka, {
      partitions: countOf('--partitions', values.partitions),
      replicationFactor: countOf('--replication-factor', values['replication-factor']),
    });
    if (created.length > 0) console.log(`created: ${created.join(', ')}`);
    if (altered.length > 0) console.log(`settings changed: ${altered.join(', ')}`);
    if (created.length + altered.length === 0) console.log('topics: up to date');
    return 0;
  },
};

function countOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 10_000)
    throw new DevstackError(`${flag} must be a whole number from 1 to 10000`);
  return count;
}

async function kafkaFromEnv(env: NodeJS.ProcessEnv) {
  // Only here: it brings the services' whole shell, which no other command needs.
  const { baseConfig, ConfigError, kafkaConfigFrom, loadConfig, refusePlainTextKafka } = await import(
    '@subledger/service-kit'
  );
  const { z } = await import('zod');
  try {
    const { DATABASE_URL: _none, ...variables } = baseConfig;
    const config = loadConfig(z.object(variables), env);
    refusePlainTextKafka(config);
    return kafkaConfigFrom(config, 'subledger-topics');
  } catch (error) {
    if (error instanceof ConfigError) throw new DevstackError(error.message);
    throw error;
  }
}
