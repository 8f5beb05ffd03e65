import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '@subledger/service-kit/installed-services';

const GOOD = {
  DATABASE_URL: 'postgresql://app:Vq8-1kd0@127.0.0.1:1/x',
  KAFKA_BROKERS: '127.0.0.1:1',
  ALLOW_INSECURE_KAFKA: 'true',
  ALLOW_INSECURE_DATABASE: 'true',
  OPERATOR_API_KEY: 'x9Gk2-Lw8Qz7Rt5Yv3Bn1Mc6Dp4Hs0Jf',
  UPSTREAM_API_KEY: 'p4Ty8-Zx2Cv6Bn0Mq3Wk7Er5Lo1Ui9Ga',
  OPERATOR_PASSWORD: 'Sq4-long-enough',
  DEAD_LETTER_KEY: 'w5Nc8-Tf2Hy6Jd0Kp4Rs9Vb3Xg7Zm1Lq',
  WEBHOOK_SECRET_KEY: 'm3Vd7-Hy1Kt5Qe9Pw2Zs6Xb0Nf4Jc8Lg',
};

/** The gateway in production with these variables, until it ends or says that it waits for the database. */
function start(env: Record<string, string | undefined>): Promise<{ code: number | null; said: string }> {
  const root = ROOT;
  const child = spawn(process.execPath, [join(root, 'services/gateway/dist/main.js')], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', OPS_PORT: '0', GATEWAY_PORT: '0', ...env },
  });
  let said = '';
  const listen = (chunk: Buffer) => {
    said += chunk;
    // It got past its secrets: there is no database here.
    if (/database/i.test(said) && !said.includes('in production')) child.kill('SIGKILL');
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, said })));
}

describe('in production the gateway does not start', () => {
  test.each([
    [
      'without its keys',
      { OPERATOR_API_KEY: undefined, UPSTREAM_API_KEY: undefined },
      ['OPERATOR_API_KEY', 'UPSTREAM_API_KEY'],
    ],
    ['with a short key', { OPERATOR_API_KEY: 'only-20-characters-x' }, ['OPERATOR_API_KEY']],
    ['without the operator’s password', { OPERATOR_PASSWORD: undefined }, ['OPERATOR_PASSWORD']],
    ['with a short one', { OPERATOR_PASSWORD: 'short-one' }, ['OPERATOR_PASSWORD']],
    ['with a well-known one', { OPERATOR_PASSWORD: 'changeme' }, ['OPERATOR_PASSWORD']],
    ['with a common one that is long', { OPERATOR_PASSWORD: 'passwordpassword' }, ['OPERATOR_PASSWORD']],
    [
      'with the login for a password',
      { OPERATOR_LOGIN: 'help-desk-one', OPERATOR_PASSWORD: 'Help-Desk-One-26' },
      ['OPERATOR_PASSWORD'],
    ],
    ['without the key of webhooks’ secrets', { WEBHOOK_SECRET_KEY: undefined }, ['WEBHOOK_SECRET_KEY']],
    ['without the key of dead letters', { DEAD_LETTER_KEY: undefined }, ['DEAD_LETTER_KEY']],
    [
      'with the database’s default password',
      { DATABASE_URL: 'postgresql://postgres:postgres@db/x' },
      ['DATABASE_URL'],
    ],
  ])('%s, and names the variable, not its value', async (_name, env, names) => {
    const { code, said } = await start({ ...GOOD, ...env });
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    for (const name of names) expect(said).toContain(name);
    for (const value of Object.values(env)) if (value) expect(said).not.toContain(value);
  });

  test('but with good ones it connects to its database', async () => {
    const { said } = await start(GOOD);
    expect(said).toMatch(/database/i);
    expect(said).not.toContain('in production');
  });
});

describe('in production nothing reaches Kafka or PostgreSQL in plain text unasked', () => {
  const { ALLOW_INSECURE_KAFKA: _kafka, ALLOW_INSECURE_DATABASE: _database, ...unasked } = GOOD;
  const both = ['ALLOW_INSECURE_KAFKA=true', 'ALLOW_INSECURE_DATABASE=true'];

  test.each<[string, string, string[], string[]]>([
    ['the gateway', 'services/gateway/dist/main.js', [], both],
    ['the ledger', 'services/ledger/dist/main.js', [], both],
    ['the scheduler', 'services/scheduler/dist/main.js', [], both],
    ['a command of the ledger', 'services/ledger/dist/operator/cli.js', ['lanes'], both],
    ['a command of the gateway', 'services/gateway/dist/operator/cli.js', ['republish-profiles'], both],
    ['a job of the scheduler', 'services/scheduler/dist/job.js', ['month-start'], both],
    ['the set-up of topics', 'packages/setup/dist/cli.js', ['topics'], ['ALLOW_INSECURE_KAFKA=true']],
    ['the migrations', 'packages/setup/dist/cli.js', ['migrate'], ['ALLOW_INSECURE_DATABASE=true']],
  ])('%s', async (_what, script, args, wanted) => {
    const child = spawn(process.execPath, [join(ROOT, script), ...args], {
      env: { PATH: process.env.PATH, NODE_ENV: 'production', OPS_PORT: '0', GATEWAY_PORT: '0', ...unasked },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect([1, 2]).toContain(code);
    for (const text of wanted) expect(said).toContain(text);
  });
});
