import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CsvReader } from '@subledger/contracts';
import { sqlState } from '@subledger/database';
import { Gauge, type Logger, type Registry } from '@subledger/service-kit';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { CustomerLimits } from '../request/customer-limits.js';
import { ProblemError } from '../request/problem.js';
import { CrlfRows } from './crlf-rows.js';

export interface CsvDownloadOptions {
  /** Maximum concurrent downloads. Further ones are refused. */
  readonly max: number;
  /** Maximum concurrent downloads of one main account. */
  readonly perMainAccount: number;
  /** Maximum milliseconds of a download. */
  readonly timeoutMs: number;
}

/** Value of `Retry-After` for refused callers. */
const RETRY_AFTER_SECONDS = 10;
/** Time-out of the statements around the file. `pg` takes it with each of them. */
const BOUNDED = { query_timeout: 5_000 };
/** Additional milliseconds to wait if the server's time-out does not reach us. */
const GRACE_MS = 5_000;

/** The file to make. */
export interface CsvFile {
  readonly columns: readonly string[];
  readonly reader: CsvReader;
  /** COPY … TO STDOUT (FORMAT csv) of the rows below the header. */
  readonly copy: string;
  /** IANA zone of the session. */
  readonly timeZone: string;
  /** `SET LOCAL …` for the query plan. */
  readonly settings?: string;
}

/** One process, starting at once. The server checks periodically whether the client is still connected. */
const SETTINGS = `SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;
  SET LOCAL client_connection_check_interval = '5s'`;

/** CSV files, made by PostgreSQL in one statement and so of one moment, and streamed. */
export class CsvDownloads {
  readonly #running = new Set<Transform>();
  /** Callers of the running downloads: a main account, or undefined for an operator. */
  readonly #taken: (string | undefined)[] = [];

  /**
   * @param pool its own pool, so that downloads and requests do not wait for one another
   * @param cancelPool pool to cancel a download that is no longer read
   */
  constructor(
    private readonly pool: pg.Pool,
    private readonly cancelPool: pg.Pool,
    private readonly options: CsvDownloadOptions,
    private readonly customers: CustomerLimits,
    metrics: Registry,
    private readonly log: Logger,
  ) {
    const taken = this.#taken;
    new Gauge({
      name: 'gateway_downloads',
      help: 'Downloads under way',
      registers: [metrics],
      collect() {
        this.set(taken.length);
      },
    });
  }

  /**
   * The file as a stream. It ends normally only if the file is complete. Otherwise it is destroyed with an error.
   * Destroying it stops the database's work.
   *
   *
   * @param customer the calling main account, or undefined for an operator
   * @throws ProblemError `too-many-requests` while the maximum of downloads is running
   */
  async open(wanted: CsvFile, customer: string | undefined): Promise<Readable> {
    const { columns, reader, copy, timeZone, settings } = wanted;
    this.#takePlace(customer);
    let client: pg.PoolClient | undefined;
    try {
      client = await this.pool.connect();
      const pid = await this.#begin(client, timeZone);
      if (settings !== undefined) await client.query({ text: settings, ...BOUNDED });
      const rows = client.query(copyTo(copy));
      const file = new CrlfRows(columns, reader);
      this.#running.add(file);
      void this.#follow(client, pid, rows, file).finally(() => this.#giveBack(customer));
      return file;
    } catch (error) {
      client?.release(true);
      this.#giveBack(customer);
      throw error;
    }
  }

  #takePlace(customer: string | undefined): void {
    const { max, perMainAccount } = this.options;
    const own = customer === undefined ? 0 : this.#taken.filter((one) => one === customer).length;
    const isOverShare = customer !== undefined && own >= perMainAccount;
    if (isOverShare) this.customers.refused('downloads', customer);
    if (isOverShare || this.#taken.length >= max)
      throw new ProblemError('too-many-requests', {}, { 'retry-after': String(RETRY_AFTER_SECONDS) });
    this.#taken.push(customer);
  }

  #giveBack(customer: string | undefined): void {
    this.#taken.splice(this.#taken.indexOf(customer), 1);
  }

  /** Aborts running downloads. Their readers notice that the file is incomplete. */
  async close(): Promise<void> {
    for (const file of this.#running) file.destroy(new Error('the gateway stops'));
    await this.pool.end();
  }

  /** @returns the server process, for cancelling */
  async #begin(client: pg.PoolClient, timeZone: string): Promise<number> {
    await client.query({ text: 'BEGIN READ ONLY', ...BOUNDED });
    await client.query({ text: SETTINGS, ...BOUNDED });
    const { rows } = await client.query<{ pid: number }>({
      text: `SELECT pg_backend_pid() AS pid, set_config('timezone', $1, true),
        set_config('statement_timeout', $2, true)`,
      values: [timeZone, String(this.options.timeoutMs)],
      ...BOUNDED,
    });
    return rows[0]?.pid ?? 0;
  }

  async #follow(client: pg.PoolClient, pid: number, rows: Readable, file: Transform): Promise<void> {
    const timer = setTimeout(
      () => file.destroy(new Error('the download took too long')),
      this.options.timeoutMs + GRACE_MS,
    );
    try {
      await pipeline(rows, file);
      await client.query({ text: 'COMMIT', ...BOUNDED });
      client.release();
    } catch (error) {
      // Only the code, because the error's message may quote a row.
      this.log.warn({ sqlState: sqlState(error) }, 'a download was broken off');
      client.release(true);
      await this.cancelPool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
    } finally {
      clearTimeout(timer);
      this.#running.delete(file);
    }
  }
}
