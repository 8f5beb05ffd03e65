import { execFile, spawn } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '@subledger/service-kit/installed-services';
import type { FuzzCaller } from './seed.js';

const VERSION = '4.32.5';
const execute = promisify(execFile);

/** What Schemathesis found, or that it found nothing. */
export interface FuzzResult {
  readonly role: FuzzCaller['role'];
  readonly ok: boolean;
  readonly output: string;
}

/** Schemathesis in a virtual environment of its own, under `node_modules/.cache`. */
export class Schemathesis {
  private constructor(
    private readonly command: string,
    /** Folder with earlier findings, to reproduce them. */
    private readonly folder: string,
  ) {}

  /** Installs it, once. @throws Error saying what is missing and what to do */
  static async install(): Promise<Schemathesis> {
    const folder = join(ROOT, 'node_modules', '.cache', 'schemathesis', VERSION);
    const command = join(folder, 'bin', 'schemathesis');
    const isThere = await access(command).then(
      () => true,
      () => false,
    );
    if (!isThere) await make(folder);
    return new Schemathesis(command, folder);
  }

  /** Every check and every phase, as one caller. */
  async run(caller: FuzzCaller, { examples, seed }: { examples: number; seed: number }): Promise<FuzzResult> {
    const args = [
      'run',
      `${caller.url}/openapi.json`,
      '--checks=all',
      '--phases=examples,coverage,fuzzing,stateful',
      '--mode=all',
      // Endless answers, for whose end Schemathesis would wait (streams.int.spec.ts tests them).
      '--exclude-path-regex=/stream$',
      `--max-examples=${examples}`,
      `--seed=${seed}`,
      '--continue-on-failure',
      '--no-color',
    ];
    const root = join(ROOT, 'test', 'fuzz');
    const env = {
      ...process.env,
      FUZZ: JSON.stringify(caller),
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: root,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const child = spawn(this.command, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
    return { role: caller.role, ok: code === 0, output };
  }
}

async function make(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const steps: [string, string[], string][] = [
    ['python3', ['-m', 'venv', folder], 'Python 3.10 or newer with venv is needed (Debian: python3-venv)'],
    [
      join(folder, 'bin', 'pip'),
      ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`],
      'the package index of Python must be reachable once',
    ],
  ];
  for (const [command, args, help] of steps) {
    try {
      await execute(command, args, { timeout: 300_000 });
    } catch (error) {
      throw new Error(`Schemathesis could not be installed: ${help}. ${(error as Error).message}`);
    }
  }
}
