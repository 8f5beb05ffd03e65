import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '@subledger/service-kit/installed-services';
import { type TestSystem } from '@subledger/testing';

export interface CommandResult {
  readonly code: number;
  /** What it wrote to both its outputs. */
  readonly text: string;
}

/** `npm run gateway -- …` or `npm run ledger -- …` against a suite's own servers. */
export function operatorCommand(
  system: TestSystem,
  service: 'gateway' | 'ledger',
  ...args: string[]
): Promise<CommandResult> {
  const script = join(ROOT, 'services', service, 'dist', 'operator', 'cli.js');
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    NODE_ENV: 'test',
    ...system.environment(service),
    LOG_LEVEL: 'error',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, text: `${stdout}${stderr}` }),
    );
  });
}
