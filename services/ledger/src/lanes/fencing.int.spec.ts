import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { eventually, type ServiceProcess, spawnService, TcpProxy } from '@subledger/testing';
import { readJournal } from '../journal/read-journal.js';
import { assertBooks } from '../testing/assert-books.js';
import { readTopic } from '../testing/calamities.js';
import { assertReaderAgrees } from '../testing/event-reader.js';
import { LedgerHarness, PARTITIONS } from '../testing/ledger-harness.js';
import { type Customer, mainOf, openCustomer, sentMessage } from '../testing/scenes.js';

const BACKLOG = 3_000;
const TABLES = ['main_accounts', 'sub_accounts', 'journal', 'transfers', 'charges', 'commands', 'outbox'];

describe('a ledger that is suspended while another one takes its lanes over', () => {
  const harness = new LedgerHarness();
  const customers: Customer[] = [];
  const processes: ServiceProcess[] = [];
  const url = new URL(harness.databaseUrl);
  let proxy: TcpProxy;
  let sent = 0;

  beforeAll(async () => {
    await harness.open();
    proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
    url.host = `127.0.0.1:${proxy.port}`;
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await proxy.close();
    await harness.close();
  });

  async function start(databaseUrl: string): Promise<ServiceProcess> {
    const process = await spawnService('ledger', {
      DATABASE_URL: databaseUrl,
      KAFKA_BROKERS: harness.kafka.brokers.join(','),
      KAFKA_TOPIC_PREFIX: harness.prefix,
      KAFKA_PARTITIONS: String(PARTITIONS),
      LOG_LEVEL: 'info',
      // Many batches, so that it is always in the midst of one, and of publishing another.
      LANE_BATCH: '20',
    });
    processes.push(process);
    return process;
  }

  const lanesOf = async ({ pid }: ServiceProcess): Promise<number> =>
    Number(
      (await harness.one<{ count: string }>('SELECT count(*) FROM lanes WHERE owner LIKE $1', [`%:${pid}:%`]))
        .count,
    );

  const isReady = async ({ opsUrl }: ServiceProcess): Promise<boolean> =>
    (await fetch(`${opsUrl}/readyz`)).ok;

  const charges = async (): Promise<number> =>
    Number((await harness.one<{ count: string }>('SELECT count(*) FROM charges')).count);

  /** Messages and commands by turns, in few requests. */
  async function send(count: number): Promise<void> {
    const sending: Promise<unknown>[] = [];
    for (let i = 0; i < count; i += 1) {
      sent += 1;
      const customer = customers[i % customers.length] as Customer;
      const id = `m-${sent}`;
      sending.push(harness.message('message.sent', sentMessage(customer, '1', id), id));
      if (i % 10 !== 0) continue;
      sending.push(harness.command('points.purchase', { ...customer, points: '1' }, `c-${sent}`));
    }
    await Promise.all(sending);
  }

  /** Until everything is booked and published. */
  const settled = () =>
    eventually(
      async () => {
        const { is_done: isDone } = await harness.one<{ is_done: boolean }>(
          'SELECT bool_and(lane_sequence = published_sequence) AS is_done FROM lanes',
        );
        return isDone && (await charges()) === sent;
      },
      { timeoutMs: 40_000 },
    );

  /** Of all rows of the books. */
  async function fingerprint(): Promise<string> {
    const parts = TABLES.map(
      (table) =>
        `SELECT '${table}' AS name, md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS hash FROM ${table} t`,
    );
    return JSON.stringify((await harness.db.query(`${parts.join(' UNION ALL ')} ORDER BY 1`)).rows);
  }

  it('can neither write nor publish when it continues, and recovers', async () => {
    const stale = await start(url.href);
    await eventually(async () => (await lanesOf(stale)) === PARTITIONS);
    for (let lane = 0; lane < PARTITIONS; lane += 1) {
      const mainAccountId = mainOf(lane);
      customers.push(await openCustomer(harness, { points: '9000', limit: '500', mainAccountId }));
    }
    await send(BACKLOG);
    await eventually(async () => (await charges()) > 100);
    // Small batches are committed one transaction at a time: one is, which it does not know yet, and so has not
    // published; those of the other lanes wait to be written.
    proxy.holdAnswers((bytes) => bytes.includes('ledger-batch'));
    await eventually(() => proxy.heldAnswers >= 1);
    // What was published before is through by now: a transaction left open would have ended by its time-out.
    await sleep(500);
    stale.freeze();
    expect(await charges()).toBeLessThan(BACKLOG);

    const next = await start(harness.databaseUrl);
    await eventually(async () => (await lanesOf(next)) === PARTITIONS, { timeoutMs: 40_000 });
    await settled();
    const books = await fingerprint();
    const published = (await readTopic(harness.kafka, TOPICS.events)).length;
    const epochs = (await harness.db.query('SELECT lane, epoch FROM lanes ORDER BY lane')).rows;

    proxy.releaseAnswers();
    stale.thaw();
    // It publishes what it has committed, and writes what it has in memory: neither must come through.
    await eventually(() => /newer owner|Fenced|old epoch/.test(stale.output()));
    // The group gives it lanes again, and it takes them over as anybody does: it has let go of the old ones before.
    await eventually(async () => (await lanesOf(stale)) > 0 && (await lanesOf(next)) > 0, {
      timeoutMs: 30_000,
    });
    await eventually(async () => (await isReady(stale)) && (await isReady(next)));
    expect(await fingerprint()).toBe(books);
    expect((await readTopic(harness.kafka, TOPICS.events)).length).toBe(published);
    expect((await harness.db.query('SELECT lane, epoch FROM lanes ORDER BY lane')).rows).not.toEqual(epochs);
    await send(200);
    await settled();
    await assertBooks(harness.db);
    await assertOutcomes();
    await assertReaderAgrees(harness);
  });

  it('writes nothing where its books fit the rows and only its epoch is old', async () => {
    await noteAdvancesFor('another');
    const { rows: taken } = await harness.db.query(
      "UPDATE lanes SET epoch = epoch + 1, owner = 'another' RETURNING lane, epoch::int",
    );
    expect(taken).toHaveLength(PARTITIONS);
    await send(200);
    await settled();
    expect((await harness.db.query('SELECT * FROM advances')).rows).toEqual([]);
    // Each lane was taken over anew before anything was booked in it.
    const { rows: lanes } = await harness.db.query('SELECT owner, lane, epoch::int FROM lanes');
    for (const { lane, epoch } of taken) {
      const now = lanes.find((row) => row.lane === lane);
      expect(now.owner).not.toBe('another');
      expect(now.epoch).toBeGreaterThan(epoch);
    }
    await assertBooks(harness.db);
  });

  /** Notes lanes whose books go on while they belong to this owner. */
  async function noteAdvancesFor(owner: string): Promise<void> {
    await harness.db.query(`CREATE TABLE advances (lane int, lane_sequence bigint);
      CREATE FUNCTION note_advance() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO advances VALUES (NEW.lane, NEW.lane_sequence); RETURN NULL; END $$;
      CREATE TRIGGER note_advance AFTER UPDATE ON lanes FOR EACH ROW
        WHEN (OLD.owner = '${owner}' AND NEW.lane_sequence > OLD.lane_sequence) EXECUTE FUNCTION note_advance()`);
  }

  /** Everything sent has one outcome; the events are in order but for what the new owner had to repeat. */
  async function assertOutcomes(): Promise<void> {
    const booked = (await readJournal(harness.db)).filter(
      ({ type, causeId }) => /\.(message\.charged|points\.purchased)\./.test(type) && /^[mc]-/.test(causeId),
    );
    const byCause = Map.groupBy(booked, ({ causeId }) => causeId);
    const rows = [...byCause].filter(([, events]) => events.length !== 1);
    expect(rows).toEqual([]);
    const { purchases } = await harness.one<{ purchases: string }>(
      "SELECT count(*) AS purchases FROM commands WHERE command_id LIKE 'c-%'",
    );
    expect(Number(purchases)).toBe(BACKLOG / 10 + 200 / 10);
    const events = (await readTopic(harness.kafka, TOPICS.events)).map(({ value }) => String(value));
    const byMain = Map.groupBy(events, (text) => JSON.parse(text).data.mainAccountId as string);
    for (const own of byMain.values()) {
      const sequences = own.map((text) => JSON.parse(text).data.sequence as number);
      // A takeover repeats from the cursor on, the same bytes, and then there is only new.
      expect(
        sequences.filter((sequence, i) => sequence <= (sequences[i - 1] ?? 0)).length,
      ).toBeLessThanOrEqual(2);
      expect(new Set(own).size).toBe(Math.max(...sequences));
    }
  }
});
