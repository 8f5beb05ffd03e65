import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, type ServiceName } from '@subledger/service-kit/installed-services';
import type { Command } from '../command.js';
import { Supervisor } from '../supervisor.js';
import { watchBuilt } from './dev-watch.js';
import { runSystem } from './start.js';
import type { LocalSystem } from './start-system.js';

export const dev: Command = {
  name: 'dev',
  summary: 'as start, and builds and restarts a service when its source changes (--no-demo, --verbose)',
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'no-demo': { type: 'boolean', default: false },
        verbose: { type: 'boolean', short: 'v', default: false },
      },
    });
    const showLevel = values.verbose ? 'info' : 'warn';
    return runSystem({ demo: !values['no-demo'], showLevel, keepGoing: true, beside: rebuildAndRestart });
  },
};

/** Turbo knows the dependencies between packages, so it watches and builds. We watch its output. */
async function rebuildAndRestart(system: LocalSystem, signal: AbortSignal): Promise<void> {
  const builder = new Supervisor({ nameWidth: 9 });
  await builder.start({
    name: 'build',
    script: join(ROOT, 'node_modules', 'turbo', 'bin', 'turbo'),
    args: ['watch', 'build', '--output-logs=errors-only', '--ui=stream'],
    env: { TURBO_TELEMETRY_DISABLED: '1' },
  });
  console.log('Watching the sources: a service is built and started anew when they change.');
  try {
    await watchBuilt((services) => restartAll(system, services), signal);
  } finally {
    await builder.stop();
  }
}

async function restartAll(system: LocalSystem, services: readonly ServiceName[]): Promise<void> {
  for (const service of services) {
    console.log(`${service}: changed, starting anew …`);
    const began = performance.now();
    try {
      await system.restart(service);
      console.log(`${service}: up again after ${Math.round(performance.now() - began)} ms`);
    } catch (error) {
      // Code that does not compile is normal during development. The next change tries again.
      console.log(error instanceof Error ? error.message : String(error));
    }
  }
}
