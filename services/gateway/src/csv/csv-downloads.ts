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
  /** Downloads at a time; more are refused. */
  readonly max: number;
  /** Those that one main account asks for. */
  readonly perMainAccount: number;
  /** Longest download. */
  readonly timeoutMs: number;
}

/** What a refused caller is told to wait. */
const RETRY_AFTER_SECONDS = 10;
/** Bound on the statements around the file; `pg` takes it with each of them. */
const BOUNDED = { query_timeout: 5_000 };
/** How much longer than the server we wait ourselves, should its word not reach us. */
const GRACE_MS = 5_000;

/** A file to be made. */
export interface CsvFile {
  readonly columns: readonly string[];
  readonly reader: CsvReader;
  /** COPY … TO STDOUT (FORMAT csv) of the rows below the header. */
  readonly copy: string;
  /** IANA zone that the session is set to. */
  readonly timeZone: string;
  /** `SET LOCAL …` for its plan. */
  readonly settings?: string;
}

/** One process, at once; the server looks from time to time whether we are still there. */
const SETTINGS = `SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;
  SET LOCAL client_connection_check_interval = '5s'`;

/** Files: made by PostgreSQL, in one statement and so of one moment, and passed on as they come. */
export class CsvDownloads {
  private readonly running = new Set<Transform>();
  /** Who asked for those that have a place: a main account, or undefined for an operator. */
  private readonly taken: (string | undefined)[] = [];

  /**
   * @param pool of its own, so that downloads and requests do not wait for one another
   * @param cancelPool from which a download that nobody reads any more is cancelled
   */
  constructor(
    private readonly pool: pg.Pool,
    private readonly cancelPool: pg.Pool,
    private readonly options: CsvDownloadOptions,
    private readonly customers: CustomerLimits,
    metrics: Registry,
    private readonly log: Logger,
  ) {
    const { taken } = this;
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
   * The file as a stream. It ends only where the file is whole; otherwise it is destroyed with an error. Destroying it
   * stops the database's work.
   *
   * @param customer the main account that asks; undefined where an operator does
   * @throws ProblemError `too-many-requests` while as many as allowed run
   */
  async open(wanted: CsvFile, customer: string | undefined): Promise<Readable> {
    const { columns, reader, copy, timeZone, settings } = wanted;
    this.takePlace(customer);
    let client: pg.PoolClient | undefined;
    try {
      client = await this.pool.connect();
      const pid = await this.begin(client, timeZone);
      if (settings !== undefined) await client.query({ text: settings, ...BOUNDED });
      const rows = client.query(copyTo(copy));
      const file = new CrlfRows(columns, reader);
      this.running.add(file);
      void this.follow(client, pid, rows, file).finally(() => this.giveBack(customer));
      return file;
    } catch (error) {
      client?.release(true);
      this.giveBack(customer);
      throw error;
    }
  }

  private takePlace(customer: string | undefined): void {
    const { max, perMainAccount } = this.options;
    const own = customer === undefined ? 0 : this.taken.filter((one) => one === customer).length;
    const isOverShare = customer !== undefined && own >= perMainAccount;
    if (isOverShare) this.customers.refused('downloads', customer);
    if (isOverShare || this.taken.length >= max)
      throw new ProblemError('too-many-requests', {}, { 'retry-after': String(RETRY_AFTER_SECONDS) });
    this.taken.push(customer);
  }

  private giveBack(customer: string | undefined): void {
    this.taken.splice(this.taken.indexOf(customer), 1);
  }

  /** Breaks off what is under way: its readers see that it is not complete. */
  async close(): Promise<void> {
    for (const file of this.running) file.destroy(new Error('the gateway stops'));
    await this.pool.end();
  }

  /** @returns the server process, to cancel it by */
  private async begin(client: pg.PoolClient, timeZone: string): Promise<number> {
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

  private async follow(client: pg.PoolClient, pid: number, rows: Readable, file: Transform): Promise<void> {
    const timer = setTimeout(
      () => file.destroy(new Error('the download took too long')),
      this.options.timeoutMs + GRACE_MS,
    );
    try {
      await pipeline(rows, file);
      await client.query({ text: 'COMMIT', ...BOUNDED });
      client.release();
    } catch (error) {
      // Only the code: the message of an error may quote a row.
      this.log.warn({ sqlState: sqlState(error) }, 'a download was broken off');
      client.release(true);
      await this.cancelPool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
    } finally {
      clearTimeout(timer);
      this.running.delete(file);
    }
  }
}
