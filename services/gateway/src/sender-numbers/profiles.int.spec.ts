import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ProfileRecord, profileRecord, TOPICS } from '@subledger/contracts';
import { growTopic, partitionKey } from '@subledger/kafka';
import { SeededRandom } from '@subledger/simulator';
import { eventually, jsonOf, TopicReader } from '@subledger/testing';
import { runOperator } from '../operator/run-operator.js';
import { PASSWORD, TestGateway } from '../test-support/test-gateway.js';

const NUMBERS = ['+815012345678', '+815087654321', '+12025550123'];
let gateway: TestGateway;
let reader: TopicReader;
let main: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  reader = await TopicReader.open(gateway.kafka, TOPICS.profiles);
  main = await gateway.mainAccount('100000');
});
afterAll(async () => {
  await reader?.close();
  await gateway?.stop();
});

const subs = () => `/v1/main-accounts/${main}/sub-accounts`;
const register = (senderNumbers: string[]) =>
  gateway.call('PUT', `/v1/main-accounts/${main}/sender-numbers`, { body: { senderNumbers } });
const patch = (id: string, body: object) => gateway.call('PATCH', `${subs()}/${id}`, { body });
const recordsOf = (id: string) => reader.records.filter(({ key }) => key === id);
const versionsOf = (id: string) =>
  recordsOf(id).map((record) => (record.value === null ? null : jsonOf<ProfileRecord>(record).version));
/** Everything noted has been published and read. */
const published = () =>
  eventually(
    async () => {
      const { rows } = await gateway.database.client.query('SELECT 1 FROM gateway.profile_change LIMIT 1');
      return rows.length === 0;
    },
    { what: 'the outbox to be empty', timeoutMs: 30_000 },
  );

/** What a compacted topic keeps. */
function compacted(): Map<string, ProfileRecord> {
  const last = new Map<string, ProfileRecord>();
  for (const record of reader.records) {
    const key = record.key ?? '';
    if (record.value === null) last.delete(key);
    else last.set(key, jsonOf<ProfileRecord>(record));
  }
  return last;
}

async function inDatabase(): Promise<Map<string, ProfileRecord>> {
  const { rows } = await gateway.database.client.query(
    `SELECT s.*, m.country FROM gateway.sub_account s JOIN gateway.main_account m ON m.id = s.main_account_id JOIN gateway.sub_account_state st ON st.sub_account_id = s.id
      WHERE st.lifecycle <> 'deleted'`,
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        subAccountId: row.id,
        mainAccountId: row.main_account_id,
        name: row.name,
        senderNumbers: row.sender_numbers,
        country: row.country,
        version: row.settings_version,
        updatedAt: row.updated_at.toISOString(),
      },
    ]),
  );
}
const agree = () =>
  eventually(
    async () => {
      expect(Object.fromEntries(compacted())).toEqual(Object.fromEntries(await inDatabase()));
      return true;
    },
    { what: 'topic and database to agree', timeoutMs: 30_000 },
  );

describe('a profile', () => {
  test.each<[string, object]>([
    ['alone', {}],
    ['together with what the ledger decides', { fundingPolicy: 'partial' }],
  ])('is published anew when the country of its main account changes, %s', async (_how, more) => {
    const owner = await gateway.mainAccount('100000');
    const id = await gateway.subAccount(owner, 'Sales');
    const change = (country: string) =>
      gateway.call('PATCH', `/v1/main-accounts/${owner}`, { body: { country, ...more } });
    expect((await change('US')).body).toMatchObject({ country: 'US', ...more });
    await change('US');
    expect((await change('QQ')).status).toBe(422);
    await published();
    await agree();
    // The same country once more changes nothing.
    expect(compacted().get(id)).toMatchObject({ country: 'US', version: 2 });
  });

  test('is published when the ledger accepted the opening, and at every change of its settings', async () => {
    await register(NUMBERS);
    const id = await gateway.subAccount(main, 'Sales1');
    const first = jsonOf<ProfileRecord>(await reader.waitFor(({ key }) => key === id));
    expect(profileRecord.parse(first)).toEqual({
      subAccountId: id,
      mainAccountId: main,
      name: 'Sales1',
      senderNumbers: [],
      country: 'JP',
      version: 1,
      updatedAt: expect.any(String),
    });
    await patch(id, { name: 'Sales2', limit: '20' });
    await reader.waitUntil(() => compacted().get(id)?.name === 'Sales2');
    await patch(id, { senderNumbers: NUMBERS.slice(0, 2) });
    await reader.waitUntil(() => compacted().get(id)?.senderNumbers.length === 2);
    await register(NUMBERS.slice(1));
    await reader.waitUntil(() => compacted().get(id)?.senderNumbers.join() === NUMBERS[1]);
    const session = await gateway.logIn({ mainAccount: await gateway.loginKey(main), subAccount: 'Sales2' });
    const body = { currentPassword: PASSWORD, newPassword: 'another123' };
    await gateway.call('PUT', '/v1/session/password', { session, body });
    await reader.waitUntil(() => compacted().get(id)?.version === 5);
    await gateway.call('DELETE', `${subs()}/${id}`);
    await reader.waitFor(({ key, value }) => key === id && value === null);
    expect(versionsOf(id)).toEqual([1, 2, 3, 4, 5, null]);
  });

  test('is not published for what it does not hold, nor for an opening that was refused', async () => {
    const id = await gateway.subAccount(main, 'Quiet');
    await reader.waitFor(({ key }) => key === id);
    gateway.ledger.refusals.set('sub-account.open', { code: 'too-many-sub-accounts' });
    const body = { name: 'Refused', password: 'lantern5moss', limit: '1' };
    expect((await gateway.call('POST', subs(), { body })).status).toBe(409);
    await patch(id, { limit: '5', priority: 3 });
    await gateway.call('POST', `${subs()}/${id}/pause`);
    const last = await gateway.subAccount(main, 'Last');
    await reader.waitFor(({ key }) => key === last);
    expect(recordsOf(id)).toHaveLength(1);
    expect([...compacted().values()].map(({ name }) => name)).not.toContain('Refused');
  });

  test('is not brought back by a change that meets its deletion', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await gateway.subAccount(main, `Meets${round}`);
      await Promise.all([
        patch(id, { name: `Met${round}` }),
        gateway.call('DELETE', `${subs()}/${id}`),
        patch(id, { senderNumbers: [NUMBERS[1]] }),
      ]);
    }
    await published();
    await agree();
  });
});

describe('the topic', () => {
  test('equals the database after random changes by two instances, one of which stops meanwhile', async () => {
    const random = SeededRandom.announced('profiles');
    let second: Awaited<ReturnType<TestGateway['another']>> | undefined = await gateway.another();
    const ids: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      // One after the other within a batch, so that the seed repeats what is asked; batches go side by side.
      const batch = async (lane: number) => {
        const url = second && lane === 1 ? second.url : gateway.running.url;
        const call = (method: string, path: string, body?: object) =>
          gateway.call(method, path, { url, ...(body ? { body } : {}) });
        const choice = random.int(0, 9);
        const id = ids.length > 0 ? random.pick(ids) : undefined;
        const some = NUMBERS.filter(() => random.chance(0.6));
        if (choice <= 3 || id === undefined) {
          const name = `R${round}L${lane}x${random.int(0, 9999)}`;
          const { body } = await call('POST', subs(), { name, password: 'lantern5moss', limit: '1' });
          ids.push(body.id);
        } else if (choice <= 5) await call('PATCH', `${subs()}/${id}`, { name: `N${round}L${lane}` });
        else if (choice === 6) await call('PATCH', `${subs()}/${id}`, { senderNumbers: some, limit: '2' });
        else if (choice === 7) await call('DELETE', `${subs()}/${id}`);
        else await call('PUT', `/v1/main-accounts/${main}/sender-numbers`, { senderNumbers: some });
      };
      await Promise.all([batch(0), batch(1), batch(2)]);
      if (round === 6) {
        await second?.stop();
        second = undefined;
      }
    }
    await published();
    await agree();
    for (const id of ids) {
      const versions = versionsOf(id).filter((version) => version !== null);
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
    }
  });

  test('has everything when a crash comes between publishing and forgetting: twice rather than never', async () => {
    const { client } = gateway.database;
    await published();
    await client.query(`CREATE FUNCTION gateway.fail() RETURNS trigger LANGUAGE plpgsql
                        AS $$ BEGIN RAISE EXCEPTION 'as if it had crashed'; END $$`);
    await client.query(`CREATE TRIGGER fail BEFORE DELETE ON gateway.profile_change
                        FOR EACH STATEMENT EXECUTE FUNCTION gateway.fail()`);
    const id = await gateway.subAccount(main, 'Twice');
    await reader.waitUntil(() => recordsOf(id).length >= 2, 30_000);
    await client.query('DROP FUNCTION gateway.fail CASCADE');
    await published();
    await agree();
  });

  test('continues when the connection that holds the lock is cut', async () => {
    const { rowCount } = await gateway.database.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'gateway-profiles'`,
    );
    expect(rowCount).toBe(1);
    const id = await gateway.subAccount(main, 'AfterTheCut');
    await reader.waitFor(({ key }) => key === id, 30_000);
    await agree();
  });

  test('continues when the publishing instance stops: another one takes over', async () => {
    const second = await gateway.another();
    await gateway.running.stop();
    gateway.running = second;
    const id = await gateway.subAccount(main, 'After');
    await reader.waitFor(({ key }) => key === id, 30_000);
    await agree();
  });

  test('is filled again by republish-profiles, including deletions', async () => {
    const lines: string[] = [];
    const run = (...argv: string[]) =>
      runOperator({
        argv,
        env: {
          DATABASE_URL: gateway.database.url,
          KAFKA_BROKERS: gateway.kafka.brokers.join(','),
        },
        cwd: '/nowhere',
        print: (line) => lines.push(line),
        printError: (line) => lines.push(line),
      });
    await published();
    const before = reader.records.length;
    expect(await run('republish-profiles')).toBe(0);
    const { rows } = await gateway.database.client.query(
      'SELECT sub_account_id FROM gateway.sub_account_state',
    );
    expect(lines[0]).toBe(`Ordered: ${rows.length} profiles. A running gateway begins at once.`);
    await reader.waitUntil(() => reader.records.length === before + rows.length);
    const again = reader.records.slice(before).map(({ key }) => key);
    expect(again.sort()).toEqual(rows.map((row) => row.sub_account_id).sort());
    await agree();
    expect(await run('republish-profiles', '--timeout', 'soon')).toBe(2);
    expect(await run('nothing')).toBe(2);
    expect(await run('--help')).toBe(0);
  });

  test('times out if no gateway publishes', async () => {
    await gateway.running.stop();
    // PostgreSQL ends a connection some time after its client has: until then the gateway counts as connected.
    await eventually(async () => {
      const { rowCount } = await gateway.database.client.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway-profiles'`,
      );
      return rowCount === 0;
    });
    const lines: string[] = [];
    const code = await runOperator({
      argv: ['republish-profiles', '--timeout', '0'],
      env: { DATABASE_URL: gateway.database.url, KAFKA_BROKERS: gateway.kafka.brokers.join(',') },
      cwd: '/nowhere',
      print: (line) => lines.push(line),
      printError: (line) => lines.push(line),
    });
    expect([code, lines.at(-1)]).toEqual([1, 'No gateway is connected to this database. Start one.']);
    const before = reader.records.length;
    gateway.running = await gateway.another();
    await published();
    await reader.waitUntil(() => reader.records.length > before);
    await agree();
  });
});

test('a key stays on its partition when the topic is given more, so that compaction leaves one record', async () => {
  const id = await gateway.subAccount(main, 'Stays0');
  const others = await Promise.all([1, 2, 3, 4].map((n) => gateway.subAccount(main, `Stays${n}`)));
  await published();
  await growTopic(gateway.kafka, TOPICS.profiles, 7);
  // It knows nothing of the topic of before.
  await gateway.running.stop();
  gateway.running = await gateway.another();
  const all = [id, ...others];
  for (const one of all) await patch(one, { name: `Moved${all.indexOf(one)}` });
  const grown = await TopicReader.open(gateway.kafka, TOPICS.profiles);
  const placesOf = (one: string) =>
    grown.records
      .filter(({ key }) => key === one)
      .map(({ topic, partition }) => partitionKey(topic, partition));
  await grown.waitUntil(() => all.every((one) => placesOf(one).length >= 2), 30_000);
  for (const one of all) expect(new Set(placesOf(one)).size).toBe(1);
  await grown.close();
});
