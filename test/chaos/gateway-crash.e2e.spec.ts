/**
 * A gateway that is killed at the two moments that matter: after a write was committed and before its command was sent,
 * and after the send and before the answer. Whoever asks again, through the same or another instance, gets the one
 * answer that there is.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Problem, type SubAccountView, TOPICS, type TransferLine } from '@subledger/contracts';
import { type GatewayAnswer, GatewayClient } from '@subledger/gateway-client';
import { eventually, jsonOf, TcpProxy, TestSystem, TopicReader } from '@subledger/testing';
import { type Customer, mainOf, makeCustomer } from '../e2e/customer.js';

/** Held by the suite, it keeps the next commit of an operation waiting inside of PostgreSQL. */
const COMMIT_LOCK = 7_021;
/** A deferred trigger runs at the commit, after everything else of the transaction. */
const HOLD_COMMITS = `
  CREATE FUNCTION gateway.hold_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${COMMIT_LOCK}); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON gateway.operation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gateway.hold_commit()`;
const COMMIT_WAITS = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${COMMIT_LOCK} AND NOT granted`;

describe('a gateway is killed', () => {
  let network: TcpProxy;
  let system: TestSystem;
  let customer: Customer;
  let commands: TopicReader;
  let first: GatewayClient;
  let second: GatewayClient;

  beforeAll(async () => {
    const server = new URL(process.env.TEST_DATABASE_URL ?? '');
    network = await TcpProxy.start({ host: server.hostname, port: Number(server.port || 5432) });
    system = await TestSystem.start({ services: ['ledger', 'gateway'], gateways: 2 });
    customer = await makeCustomer(system, '100000');
    commands = await TopicReader.open(system.kafka, TOPICS.commands);
    await system.database.client.query(HOLD_COMMITS);
    second = new GatewayClient(system.gatewayUrlOf(1), system.operatorKey);
  });
  afterAll(async () => {
    await commands?.close();
    await system?.stop();
    await network?.close();
  });
  afterEach(() => {
    network.restore();
    system.service('ledger').thaw();
  });

  /** The first instance anew, with the database behind a network that the test can stop. */
  async function restartFirst(): Promise<void> {
    await system.gateway(0).kill9();
    const through = new URL(system.database.url);
    through.port = String(network.port);
    await system.startGateway(0, { DATABASE_URL: through.href });
    first = new GatewayClient(system.gatewayUrlOf(0), system.operatorKey);
  }

  interface Write {
    readonly path: string;
    readonly idempotencyKey: string;
    readonly body: object;
  }
  const ask = (gateway: GatewayClient, { path, ...options }: Write) =>
    gateway.request<Partial<TransferLine> & { readonly code?: Problem['code'] }>('POST', path, options);
  /** Until a killed instance's partitions are given to another one, an outcome may take longer than a request waits. */
  const askUntilDone = (gateway: GatewayClient, write: Write) =>
    eventually(
      async () => {
        const answer = await ask(gateway, write);
        return answer.status === 202 ? undefined : answer;
      },
      { timeoutMs: 40_000, what: 'the outcome' },
    );
  /** No answer, as the client of a killed gateway sees it. */
  const unanswered = (gateway: GatewayClient, write: Write) =>
    ask(gateway, write).then(
      ({ status }) => `answered with ${status}`,
      () => 'no answer',
    );
  const sent = (words: string) =>
    commands.records
      .map((record) => jsonOf<{ id: string; data: object }>(record))
      .filter(({ data }) => JSON.stringify(data).includes(words));

  async function untilRows(count: number, sql: string): Promise<void> {
    await eventually(async () => (await system.database.client.query(sql)).rowCount === count, {
      timeoutMs: 20_000,
      what: `${count} rows of ${sql}`,
    });
  }

  /** Kills the first gateway after its commit; it never gets to know of it, so it sends nothing. */
  async function killAfterCommit(write: Write, words: string): Promise<void> {
    const { client } = system.database;
    const before = (await client.query('SELECT 1 FROM gateway.operation')).rowCount ?? 0;
    await client.query('SELECT pg_advisory_lock($1)', [COMMIT_LOCK]);
    let asked: Promise<string>;
    try {
      asked = unanswered(first, write);
      await untilRows(1, COMMIT_WAITS);
      network.stall();
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [COMMIT_LOCK]);
    }
    await untilRows(before + 1, 'SELECT 1 FROM gateway.operation');
    await system.gateway(0).kill9();
    network.restore();
    expect(await asked).toBe('no answer');
    expect(sent(words)).toEqual([]);
  }

  /** Kills the first gateway while the ledger stands still, once a command with these words is in the log. */
  async function killAfterSend(write: Write, words: string): Promise<void> {
    system.service('ledger').freeze();
    const asked = unanswered(first, write);
    await eventually(() => sent(words).length === 1, { what: 'the command' });
    await system.gateway(0).kill9();
    expect(await asked).toBe('no answer');
    system.service('ledger').thaw();
  }

  const purchase = (mark: string): Write => ({
    path: `${customer.path}/purchases`,
    idempotencyKey: `key-${mark}`,
    body: { points: '7', reference: mark },
  });
  const opening = (mark: string, limit: string): Write => ({
    path: `${customer.path}/sub-accounts`,
    idempotencyKey: `key-${mark}`,
    body: { name: mark, password: 'Marmot7Lantern', limit },
  });
  const replayed = ({ headers }: GatewayAnswer) => headers.get('idempotent-replayed');
  const bookings = async (mark: string) =>
    (await system.database.client.query('SELECT 1 FROM ledger.transfers WHERE reference = $1', [mark]))
      .rowCount;

  const MOMENTS = { 'after the commit': killAfterCommit, 'after the send': killAfterSend };
  const LIMITS: Record<string, string> = { 'after the commit': '4711', 'after the send': '4712' };
  const cases = Object.entries(MOMENTS) as [string, (write: Write, words: string) => Promise<void>][];

  describe.each(cases)('%s', (moment, kill) => {
    const mark = (text: string) => `${text}${moment.replaceAll(' ', '')}`;

    it('and the other instance answers, also several at once: booked once', async () => {
      await restartFirst();
      const { balance } = await mainOf(customer);
      const write = purchase(mark('buy'));
      await kill(write, mark('buy'));
      const repeats = await Promise.all([1, 2, 3].map(() => askUntilDone(second, write)));
      expect(repeats.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(repeats.map(replayed)).toEqual(['true', 'true', 'true']);
      for (const { body } of repeats) expect(body).toEqual(repeats[0]?.body);
      expect(repeats[0]?.body).toMatchObject({
        kind: 'purchase',
        points: '7',
        balanceAfter: String(Number(balance) + 7),
      });
      const other = await ask(second, { ...write, body: { points: '8', reference: mark('buy') } });
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-conflict']);
      await restartFirst();
      const later = await ask(first, write);
      expect([later.status, replayed(later), later.body]).toEqual([201, 'true', repeats[0]?.body]);
      expect(await bookings(mark('buy'))).toBe(1);
      expect(new Set(sent(mark('buy')).map(({ id }) => id)).size).toBe(1);
    });

    it('and answers again when it is back, also while the other one answers', async () => {
      await restartFirst();
      const limit = LIMITS[moment] as string;
      const write = opening(mark('Open'), limit);
      await kill(write, `"limit":"${limit}"`);
      await restartFirst();
      const repeats = await Promise.all([askUntilDone(first, write), askUntilDone(second, write)]);
      expect(repeats.map(({ status }) => status)).toEqual([201, 201]);
      expect(repeats.map(replayed)).toEqual(['true', 'true']);
      expect(repeats[1]?.body).toEqual(repeats[0]?.body);
      const named = await customer.api.get<{ items: SubAccountView[] }>(
        `${customer.path}/sub-accounts?q=${mark('Open')}`,
      );
      expect(named.items).toHaveLength(1);
    });
  });
});
