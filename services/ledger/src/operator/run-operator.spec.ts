import { describe, expect, it } from '@jest/globals';
import { OPERATOR_COMMANDS } from './registry.js';
import { runOperator } from './run-operator.js';

async function run(
  argv: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const code = await runOperator({ argv, env, cwd: '/nowhere', print, printError: print });
  return { code, text: lines.join('\n') };
}

const NOBODY = {
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
  KAFKA_BROKERS: '127.0.0.1:1',
  NODE_ENV: 'test',
};

describe('npm run ledger', () => {
  it('lists the commands', async () => {
    const { code, text } = await run(['help']);
    expect(code).toBe(0);
    for (const { summary } of OPERATOR_COMMANDS) expect(text).toContain(summary);
    expect(await run([])).toEqual({ code: 2, text });
  });

  it('explains an error of the command line', async () => {
    expect(await run(['dance'])).toMatchObject({
      code: 2,
      text: expect.stringContaining('no command "dance"'),
    });
    expect(await run(['resume'], NOBODY)).toMatchObject({
      code: 2,
      text: expect.stringContaining('Which lane?'),
    });
    // Never all of them by leaving something out.
    for (const args of [['--yes'], ['--lane', '1', '--all'], ['--all', '1']])
      expect(await run(['resume', ...args], NOBODY)).toMatchObject({
        code: 2,
        text: expect.stringContaining('Which lane?'),
      });
    expect(await run(['resume', '--all', '--force', '--yes'], NOBODY)).toMatchObject({
      code: 2,
      text: expect.stringContaining('--force is for one lane'),
    });
    expect(await run(['resume', '--lane', '12'], NOBODY)).toMatchObject({
      code: 2,
      text: expect.stringContaining('lanes are 0 to 11'),
    });
    expect(await run(['lanes', '--nonsense'], NOBODY)).toMatchObject({ code: 2 });
    expect(await run(['dead-letters', 'list', '--since', 'yesterday'], NOBODY)).toMatchObject({ code: 2 });
  });

  it('explains where the servers’ addresses come from, and reports unreachable ones', async () => {
    expect(await run(['lanes'])).toMatchObject({ code: 2, text: expect.stringContaining('npm start') });
    const { code, text } = await run(['lanes'], NOBODY);
    expect(code).toBe(1);
    expect(text).toContain('PostgreSQL cannot be reached');
  });

  it.each(OPERATOR_COMMANDS.map(({ name }) => name))('%s has a help', async (name) => {
    const { text } = await run([name, '--help'], NOBODY);
    expect(text).toContain(`npm run ledger -- ${name}`);
  });
});
