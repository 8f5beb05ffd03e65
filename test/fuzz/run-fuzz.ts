/**
 * `npm run fuzz:api [-- --examples N --seed N --as role]`: Schemathesis with all checks against the whole system on
 * its own servers, as every kind of caller. Ends with 1 if it found a problem.
 */
import { parseArgs } from 'node:util';
import { startTestServers } from '@subledger/devstack';
import { TestSystem } from '@subledger/testing';
import { Schemathesis } from './schemathesis.js';
import { seedCallers } from './seed.js';

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    as: { type: 'string' },
  },
});

const schemathesis = await Schemathesis.install();
const servers = await startTestServers();
process.env.TEST_DATABASE_URL = servers.databaseUrl;
process.env.TEST_KAFKA_BROKERS = servers.kafkaBrokers;
try {
  const system = await TestSystem.start();
  try {
    const callers = await seedCallers(system);
    for (const caller of callers.filter(({ role }) => values.as === undefined || role === values.as)) {
      console.log(`Asking as ${caller.role} …`);
      const options = { examples: Number(values.examples), seed: Number(values.seed) };
      const { ok, output } = await schemathesis.run(caller, options);
      console.log(output);
      console.log(`${ok ? 'ok    ' : 'FAILED'} as ${caller.role}`);
      if (!ok) process.exitCode = 1;
    }
  } finally {
    await system.stop();
  }
} finally {
  await servers.stop();
}
