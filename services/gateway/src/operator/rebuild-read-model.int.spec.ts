import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool } from '@subledger/database';
import { RecordProducer } from '@subledger/kafka';
import { eventually } from '@subledger/testing';
import { TestGateway } from '../test-support/test-gateway.js';
import { rebuildReadModel } from './rebuild-read-model.js';
import { runOperator } from './run-operator.js';

let gateway: TestGateway;
let producer: RecordProducer;
beforeAll(async () => {
  gateway = await TestGateway.start();
  producer = new RecordProducer(gateway.kafka);
});
afterAll(async () => {
  await producer?.close();
  await gateway?.stop();
});

const sql = (text: string, values: unknown[] = []) => gateway.database.client.query(text, values);

interface Options {
  main?: string;
  history?: boolean;
  timeoutMs?: number;
  stallMs?: number;
}
/** The command with the suite's own patience. */
async function rebuild({ main, history = true, timeoutMs = 20_000, stallMs = 10_000 }: Options = {}) {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const pool = createPool({ url: gateway.database.url, schema: 'gateway', applicationName: 'suite', max: 2 });
  try {
    const code = await rebuildReadModel({ pool, producer, print, main, history, timeoutMs, stallMs });
    return { code, text: lines.join('\n') };
  } finally {
    await pool.end();
  }
}

/** All that the read model has of a main account, without when and by which event. */
async function shown(main: string) {
  const rows = async (table: string, order: string) =>
    (
      await sql(
        `SELECT to_jsonb(t) - 'at' - 'generation' - 'sequence' AS row FROM gateway.${table} t
        WHERE main_account_id = $1 ORDER BY ${order}`,
        [main],
      )
    ).rows.map(({ row }) => row);
  const lines = await sql(
    'SELECT sequence::int, kind, millipoints::int, reference FROM gateway.transfer WHERE main_account_id = $1 ORDER BY sequence',
    [main],
  );
  return {
    mains: await rows('main_account_state', 'main_account_id'),
    subs: await rows('sub_account_state', 'sub_account_id'),
    lines: lines.rows,
  };
}

/** Sub-accounts that a rebuild does not believe and has heard nothing of. */
async function doubted(main: string): Promise<string[]> {
  const { rows } = await sql(
    'SELECT sub_account_id AS id FROM gateway.sub_account_state WHERE main_account_id = $1 AND generation < 0',
    [main],
  );
  return rows.map(({ id }) => id).sort();
}

async function customer(subs = 3) {
  const main = await gateway.mainAccount('1000');
  const ids: string[] = [];
  for (let index = 0; index < subs; index += 1) ids.push(await gateway.subAccount(main, `Sub${index}`, '10'));
  return { main, subs: ids, before: await shown(main) };
}

describe('rebuild-read-model', () => {
  test('puts right what is wrong, brings back what is lost, and takes away what the ledger does not have', async () => {
    const { main, subs, before } = await customer();
    gateway.ledger.snapshots.perPart = 2;
    await sql(
      'UPDATE gateway.main_account_state SET balance = 1, generation = 9, sequence = 999 WHERE main_account_id = $1',
      [main],
    );
    await sql(
      'UPDATE gateway.sub_account_state SET remaining = 1, generation = 9, sequence = 999 WHERE sub_account_id = $1',
      [subs[0]],
    );
    await sql('DELETE FROM gateway.sub_account_state WHERE sub_account_id = $1', [subs[1]]);
    await sql(
      `UPDATE gateway.transfer SET millipoints = 1, reference = 'forged', generation = 9 WHERE main_account_id = $1 AND sequence = 2`,
      [main],
    );
    await sql('UPDATE gateway.transfer SET sequence = 500 WHERE main_account_id = $1 AND sequence = 3', [
      main,
    ]);
    await sql(
      `INSERT INTO gateway.sub_account_state SELECT main_account_id, 'sa_ghost', 9, 999, at, lifecycle, paused, period, limit_points, next_limit, boost, granted, used, overage, held, remaining, shortfall, priority FROM gateway.sub_account_state WHERE sub_account_id = $1`,
      [subs[2]],
    );
    expect(await shown(main)).not.toEqual(before);

    const { code, text } = await rebuild();
    expect([code, text]).toEqual([0, expect.stringContaining('as the ledger has them')]);
    expect(await shown(main)).toEqual(before);
    // And goes on from there.
    await gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '5' } });
    expect((await gateway.call('GET', `/v1/main-accounts/${main}`)).body.balance).toBe('975');
    gateway.ledger.snapshots.perPart = 100;
  });

  test('leaves statement lines unchanged if only states are requested', async () => {
    const { main, before } = await customer(1);
    await sql('UPDATE gateway.main_account_state SET balance = 1 WHERE main_account_id = $1', [main]);
    await sql(
      `UPDATE gateway.transfer SET reference = 'forged' WHERE main_account_id = $1 AND sequence = 1`,
      [main],
    );
    expect((await rebuild({ main, history: false })).code).toBe(0);
    const after = await shown(main);
    expect(after.mains).toEqual(before.mains);
    expect(after.lines[0]).toMatchObject({ reference: 'forged' });
    expect((await rebuild({ main })).code).toBe(0);
    expect(await shown(main)).toEqual(before);
  });

  test('shows no main account that the ledger does not have, frees names, and ends sessions', async () => {
    const { main, subs } = await customer(1);
    const kept = await customer(1);
    const [mainAccount, subAccount] = [await gateway.loginKey(main), 'Sub0'];
    const session = await gateway.logIn({ mainAccount, subAccount });
    gateway.ledger.forget(main);
    const { code, text } = await rebuild();
    expect(code).toBe(0);
    expect(text).toContain(`Not in the ledger's books, and no longer shown: ${main}`);
    expect((await gateway.call('GET', `/v1/main-accounts/${main}`)).status).toBe(404);
    expect(await shown(main)).toEqual({ mains: [], subs: [], lines: [] });
    expect((await gateway.call('GET', '/v1/me', { session })).status).toBe(401);
    const { rowCount } = await sql('SELECT FROM gateway.sub_account_name WHERE sub_account_id = $1', [
      subs[0],
    ]);
    expect(rowCount).toBe(0);
    expect((await shown(kept.main)).subs).toEqual(kept.before.subs);
  });

  test('requests again if no answer comes, and does not take an older answer for the new one', async () => {
    const { main, before } = await customer(2);
    await sql('UPDATE gateway.main_account_state SET balance = 1 WHERE main_account_id = $1', [main]);
    gateway.ledger.silent = true;
    const running = rebuild({ main, stallMs: 500 });
    const asked = () =>
      gateway.ledger.seen.filter(({ name, id }) => name === 'snapshot.request' && !done.has(id));
    const done = new Set(gateway.ledger.seen.map(({ id }) => id));
    await eventually(() => asked().length >= 2, { what: 'the second order' });
    gateway.ledger.silent = false;
    const [first] = asked();
    await gateway.ledger.answerTogether([first?.id ?? '']);
    expect((await running).code).toBe(0);
    expect(await shown(main)).toEqual(before);
  });

  test('a part that is missing leaves it undone, and the doubted rows stay', async () => {
    const { main, subs, before } = await customer(6);
    gateway.ledger.snapshots.perPart = 2;
    gateway.ledger.snapshots.lost.add(2);
    // In batches of their own: no part knows of the others.
    const publish = gateway.ledger.publish.bind(gateway.ledger);
    gateway.ledger.publish = async (id, ...values) => {
      for (const value of values) {
        await publish(id, value);
        const { subAccounts } = JSON.parse(value).data as { subAccounts: { subAccountId: string }[] };
        const isTaken = async () => {
          const rest = await doubted(main);
          return subAccounts.every(({ subAccountId }) => !rest.includes(subAccountId));
        };
        await eventually(isTaken, { what: 'the part' });
      }
    };
    const { code, text } = await rebuild({ main, timeoutMs: 3_000 });
    gateway.ledger.publish = publish;
    expect([code, text]).toEqual([1, expect.stringContaining(`Without an answer: ${main}`)]);
    expect((await shown(main)).subs).toEqual(before.subs);
    expect(await doubted(main)).toEqual(subs.slice(2, 4).sort());
    gateway.ledger.snapshots.lost.clear();
    expect((await rebuild({ main })).code).toBe(0);
    expect((await shown(main)).subs).toEqual(before.subs);
    gateway.ledger.snapshots.perPart = 100;
  });

  test('parts of an order that was given up do not count for the next one', async () => {
    const { main, subs, before } = await customer(4);
    const { snapshots } = gateway.ledger;
    const publish = gateway.ledger.publish.bind(gateway.ledger);
    const held: string[][] = [];
    gateway.ledger.publish = async (_, ...values) => {
      held.push(values);
      snapshots.perPart = 2;
    };
    snapshots.perPart = 1;
    const running = rebuild({ main, stallMs: 1_000 });
    await eventually(() => held.length === 2, { what: 'the second order' });
    gateway.ledger.publish = publish;
    // Of the first order the first sub-account comes, of the second all but the first two.
    const [first = [], second = []] = held;
    const isDoubted = async (ids: readonly string[]) =>
      (await doubted(main)).join() === [...ids].sort().join();
    await publish(main, first[0] ?? '');
    await eventually(() => isDoubted(subs.slice(1)), { what: 'what came of the first' });
    await publish(main, ...second.slice(1));
    await eventually(() => isDoubted(subs.slice(1, 2)), { what: 'what came of the second' });
    expect((await shown(main)).subs).toEqual(before.subs);
    snapshots.perPart = 100;
    expect((await running).code).toBe(0);
    expect(await shown(main)).toEqual(before);
  });

  test('books that come late or twice take nothing back', async () => {
    const { main } = await customer(1);
    const captured: string[] = [];
    const publish = gateway.ledger.publish.bind(gateway.ledger);
    gateway.ledger.publish = async (id, ...values) => {
      captured.push(...values);
      await publish(id, ...values);
    };
    expect((await rebuild({ main })).code).toBe(0);
    gateway.ledger.publish = publish;
    expect(captured).toHaveLength(1);
    const late = await gateway.subAccount(main, 'Late', '7');
    await gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '5' } });
    const now = await shown(main);
    await gateway.ledger.publish(main, ...captured);
    await gateway.call('POST', `/v1/main-accounts/${main}/sub-accounts/${late}/pause`);
    const after = await shown(main);
    expect(after.lines).toEqual(now.lines);
    expect(after.subs.find(({ sub_account_id: id }) => id === late)).toMatchObject({
      paused: true,
      remaining: 7_000,
    });
  });

  test('events that come in one batch with books count from where those end', async () => {
    const { main, before } = await customer(1);
    await sql('UPDATE gateway.transfer SET sequence = 500 WHERE main_account_id = $1 AND sequence = 2', [
      main,
    ]);
    const publish = gateway.ledger.publish.bind(gateway.ledger);
    const { id = '' } = gateway.ledger.seen.findLast(({ name }) => name === 'points.purchase') ?? {};
    gateway.ledger.publish = async (key, ...values) => {
      const { data } = JSON.parse(values.at(-1) ?? '');
      const next = JSON.parse(gateway.ledger.answerTo(main, id) ?? '');
      next.data.sequence = data.sequence + 1;
      next.data.transfers[0].sequence = data.transferCount + 1;
      await publish(key, ...values, JSON.stringify(next));
    };
    expect((await rebuild({ main })).code).toBe(0);
    gateway.ledger.publish = publish;
    const next = before.lines.length + 1;
    await eventually(async () => (await shown(main)).lines.some(({ sequence }) => sequence === next));
    expect((await shown(main)).lines.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: next }, (_, index) => index + 1),
    );
  });

  test('one at a time', async () => {
    const { main } = await customer(1);
    gateway.ledger.silent = true;
    const first = rebuild({ main, stallMs: 500 });
    const isAsked = async () =>
      (
        await sql(
          'SELECT FROM gateway.read_model_rebuild WHERE main_account_id = $1 AND asked_at IS NOT NULL',
          [main],
        )
      ).rowCount === 1;
    await eventually(isAsked);
    expect(await rebuild({ main })).toEqual({
      code: 1,
      text: 'Another rebuild is under way. Wait for it, or end it.',
    });
    gateway.ledger.silent = false;
    expect((await first).code).toBe(0);
    expect((await rebuild({ main })).code).toBe(0);
  });

  test('from the command line', async () => {
    const { main } = await customer(1);
    const run = async (...argv: string[]) => {
      const lines: string[] = [];
      const print = (line: string) => void lines.push(line);
      const env = {
        NODE_ENV: 'test',
        DATABASE_URL: gateway.database.url,
        KAFKA_BROKERS: gateway.kafka.brokers.join(','),
        KAFKA_TOPIC_PREFIX: gateway.kafka.topicPrefix ?? '',
      };
      const code = await runOperator({ argv, env, cwd: '/nowhere', print, printError: print });
      return { code, text: lines.join('\n') };
    };
    const done = await run('rebuild-read-model', '--main', main, '--timeout', '20');
    expect([done.code, done.text]).toEqual([
      0,
      expect.stringContaining('Done: 1 main account as the ledger has them.'),
    ]);
    expect((await run('rebuild-read-model', '--main', 'ma_unknown')).text).toContain(
      'There is no main account ma_unknown.',
    );
    for (const wrong of [['--main'], ['--maim', main], ['--timeout', '1e3'], ['more']])
      expect((await run('rebuild-read-model', ...wrong)).code).toBe(2);
    expect((await run('republish-profiles', '--main', main)).code).toBe(2);
  });
});
