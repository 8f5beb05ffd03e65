/**
 * Jest's globalSetup for the suites that need real servers. Whatever the number of projects that name it,
 * the servers start once. Where TEST_DATABASE_URL and TEST_KAFKA_BROKERS are set, those are used:
 * `npm run --silent servers -- --test` prints them and keeps the servers running.
 */
export const SERVERS = Symbol.for('subledger.test-servers');

export default async function startServers() {
  globalThis[SERVERS] ??= start();
  const { databaseUrl, kafkaBrokers } = await globalThis[SERVERS];
  process.env.TEST_DATABASE_URL = databaseUrl;
  process.env.TEST_KAFKA_BROKERS = kafkaBrokers;
}

async function start() {
  let devstack;
  try {
    devstack = await import('../../packages/devstack/dist/index.js');
  } catch (error) {
    throw new Error('These tests need packages/devstack built: npm run build', { cause: error });
  }
  return devstack.startTestServers();
}
