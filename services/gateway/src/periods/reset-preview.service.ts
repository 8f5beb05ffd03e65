import { setTimeout as sleep } from 'node:timers/promises';
import type { ResetLine, ResetPreviewQuery, ResetPreviewView } from '@subledger/contracts';
import { formatPoints } from '@subledger/core';
import type pg from 'pg';
import { decodeCursor, numericKey, page } from '../database/cursor.js';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import { ConcurrencyLimiter } from '../request/concurrency-limiter.js';
import { ProblemError } from '../request/problem.js';
import { loadResetState, type ResetState } from './load-reset-state.js';
import {
  canPreview,
  previewInSteps,
  type ResetPreview,
  type ResetRow,
  runYielding,
} from './preview-reset.js';

/** Number of attempts to read a consistent state, and the pause between them. */
const TRIES = 20;
const RETRY_MS = 50;
const RETRY_AFTER = { 'retry-after': '1' };

/** The preview of the next month start. */
export class ResetPreviewService {
  /**
   * Each preview reads all sub-accounts. One at a time, so that several very large ones do not use the memory
   * together.
   */
  readonly #limiter = new ConcurrencyLimiter({ running: 1, waiting: 20 });

  constructor(
    private readonly pool: pg.Pool,
    private readonly mains: MainAccountsStore,
  ) {}

  /** @throws ProblemError `not-found`, or `operation-in-progress` or `too-many-requests`: try again soon */
  async preview(mainAccountId: string, query: ResetPreviewQuery): Promise<ResetPreviewView> {
    const list = 'reset-preview';
    const after = keysOf(decodeCursor(query.cursor, list, 3));
    await this.mains.get(mainAccountId);
    const rows: ResetRow[] = [];
    const preview = await this.#limiter.take(async () => {
      const { main, subs } = await this.#load(mainAccountId);
      if (!canPreview(main)) throw new ProblemError('month-start-failed');
      return runYielding(previewInSteps(main, subs, collector(rows, query, after)));
    });
    const names = await this.#namesOf(mainAccountId, rows);
    const { items, nextCursor } = page(
      rows,
      query.limit,
      (row) => toLine(row, names.get(row.id) ?? row.id),
      (row) => ({ list, keys: [String(row.priority), String(row.ordinal), row.id] }),
    );
    return { ...toView(preview), items, nextCursor };
  }

  async #load(mainAccountId: string): Promise<ResetState> {
    for (let tries = 1; ; tries += 1) {
      const state = await loadResetState(this.pool, mainAccountId);
      if (state) return state;
      if (tries === TRIES) throw new ProblemError('operation-in-progress', {}, RETRY_AFTER);
      await sleep(RETRY_MS);
    }
  }

  async #namesOf(mainAccountId: string, rows: readonly ResetRow[]): Promise<Map<string, string>> {
    const found = await this.pool.query<{ id: string; name: string }>(
      'SELECT id, name FROM sub_account WHERE main_account_id = $1 AND id = ANY($2)',
      [mainAccountId, rows.map(({ id }) => id)],
    );
    return new Map(found.rows.map(({ id, name }) => [id, name]));
  }
}

/** Sort keys: priority, order of creation, id. */
type Keys = readonly [bigint, bigint, string];

function keysOf(after: readonly string[] | undefined): Keys | undefined {
  if (!after) return undefined;
  const [priority = '', ordinal = '', id = ''] = after;
  return [numericKey(priority), numericKey(ordinal), id];
}

/** Collects one row more than the page has, which shows whether there is a next page. */
const collector =
  (rows: ResetRow[], { limit, outcome }: ResetPreviewQuery, after: Keys | undefined) =>
  (row: ResetRow): void => {
    if (rows.length > limit || (after && !isAfter(row, after))) return;
    if (outcome === undefined || row.outcome === outcome) rows.push(row);
  };

function isAfter(row: ResetRow, [priority, ordinal, id]: Keys): boolean {
  if (BigInt(row.priority) !== priority) return row.priority > priority;
  if (BigInt(row.ordinal) !== ordinal) return row.ordinal > ordinal;
  return row.id > id;
}

const toLine = (row: ResetRow, subAccount: string): ResetLine => ({
  subAccountId: row.id,
  subAccount,
  priority: row.priority,
  limit: formatPoints(row.limit),
  returned: formatPoints(row.returned),
  needed: formatPoints(row.needed),
  granted: formatPoints(row.granted),
  shortfall: formatPoints(row.shortfall),
  outcome: row.outcome,
});

const orNull = (value: bigint | null): string | null => (value === null ? null : formatPoints(value));

const toView = (preview: ResetPreview): Omit<ResetPreviewView, 'items' | 'nextCursor'> => ({
  period: preview.period,
  at: new Date(preview.at).toISOString(),
  fundingPolicy: preview.fundingPolicy,
  timeZone: preview.timeZone,
  nextTimeZone: preview.nextTimeZone,
  balance: formatPoints(preview.balance),
  returned: formatPoints(preview.returned),
  available: orNull(preview.available),
  needed: formatPoints(preview.needed),
  granted: formatPoints(preview.granted),
  shortfall: formatPoints(preview.shortfall),
  balanceAfter: formatPoints(preview.balanceAfter),
  availableAfter: orNull(preview.availableAfter),
  funded: preview.funded,
  partlyFunded: preview.partlyFunded,
  unfunded: preview.unfunded,
});
