import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMMANDS, limitRecord, MESSAGES, profileRecord } from '@subledger/contracts';
import { ROOT } from '@subledger/service-kit/installed-services';
import { EmptySystem, START_TIMEOUT_MS } from './empty-system.js';
import { blocksOf, outputsOf, runScript, scriptOf, stepsOf } from './readme-tour.js';

const PAGE_TIMEOUT_MS = 180_000;
const page = await readFile(join(ROOT, 'docs/upstream.md'), 'utf8');
const steps = stepsOf(page);

const hasKcat = spawnSync('kcat', ['-V']).status === 0;
/** Our own client takes the same arguments; it runs beside kcat, so that both are known to print the same. */
const clients = hasKcat
  ? ['kcat', 'the stand-in for kcat']
  : ['the stand-in for kcat (kcat is not installed)'];

let standIns: string;
beforeAll(async () => {
  standIns = await mkdtemp(join(tmpdir(), 'subledger-kcat-'));
  const program = join(ROOT, 'test/dist/e2e/kcat-stand-in.js');
  await writeFile(
    join(standIns, 'kcat'),
    `#!/bin/sh\nexec '${process.execPath}' --no-warnings '${program}' "$@"\n`,
    {
      mode: 0o755,
    },
  );
});
afterAll(async () => {
  await rm(standIns, { recursive: true, force: true });
}, 60_000);

it.each(clients)(
  'prints what the page says, with %s',
  async (client) => {
    expect(steps.length).toBeGreaterThan(10);
    const path = client === 'kcat' ? process.env.PATH : `${standIns}:${process.env.PATH}`;
    // Each on a system of its own: the page begins with partitions that have no message yet.
    const system = await EmptySystem.start();
    const shell = await runScript(scriptOf(steps), {
      cwd: ROOT,
      env: { ...system.environment, PATH: path },
      timeout: PAGE_TIMEOUT_MS,
    }).finally(() => system.stop());
    expect(shell.stderr).toBe('');
    expect(outputsOf(shell.stdout)).toEqual(steps.map(({ output }) => output));
  },
  START_TIMEOUT_MS + PAGE_TIMEOUT_MS + 60_000,
);

describe('records on the page', () => {
  const records = blocksOf(page, 'json').map((block) => JSON.parse(block) as Record<string, unknown>);
  const nameOf = (record: Record<string, unknown>): string => {
    if (typeof record.type === 'string') return record.type;
    return 'senderNumbers' in record ? 'profile record' : 'limit record';
  };
  const schemaOf = (name: string) => {
    if (name === 'profile record') return profileRecord;
    return name === 'limit record' ? limitRecord : (MESSAGES.get(name) ?? COMMANDS.get(name))?.schema;
  };

  it.each(records.map((record) => [nameOf(record), record] as const))(
    '%s fits its contract',
    (name, record) => {
      const schema = schemaOf(name);
      expect(schema).toBeDefined();
      expect(schema?.safeParse(record).error?.issues).toBeUndefined();
    },
  );

  it('are a limit, a profile, a hold, and every fact of the SMS service', () => {
    const names = ['limit record', 'profile record', 'subledger.hold.place.v1', ...MESSAGES.keys()];
    expect(records.map(nameOf).sort()).toEqual(names.sort());
  });
});
