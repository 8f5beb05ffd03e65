import { type Logger, PeriodicTask } from '@subledger/service-kit';
import type pg from 'pg';

/** Milliseconds between two checks for webhooks whose notice was lost. */
const LOOK_EVERY_MS = 1_000;
/**
 * Milliseconds after which main accounts without webhooks are dropped. Until then they only cost a look into the
 * table.
 */
const RELOAD_EVERY_MS = 60_000;
/** Covers transactions with a late commit, and failed checks. */
const LOOK_BACK_SECONDS = 30;
/** After this long without a check, changes may be older than `LOOK_BACK_SECONDS`. */
const MAX_GAP_MS = 20_000;

/**
 * Main accounts with an enabled webhook, so that events of all others cost nothing. A new one is added by NOTIFY at
 * once (`add`), or by a check within a second. An extra main account is harmless, because the table decides.
 */
export class WebhookListeners {
  #mains = new Set<string>();
  /** Added during a complete reload. */
  #addedMeanwhile: string[] | undefined;
  #lookedAtMs = 0;
  #reloadedAtMs = 0;
  readonly #task: PeriodicTask;

  constructor(
    private readonly pool: Pick<pg.Pool, 'query'>,
    log: Logger,
  ) {
    this.#task = new PeriodicTask(() => this.#look(), {
      firstMs: LOOK_EVERY_MS,
      everyMs: LOOK_EVERY_MS,
      retryMs: LOOK_EVERY_MS,
      onError: (error) => log.debug({ err: error }, 'cannot look for webhooks now'),
    });
  }

  /** @throws the database's error; before the first load no webhook would get an event */
  async start(): Promise<void> {
    await this.#reload();
    this.#task.start();
  }

  close(): Promise<void> {
    return this.#task.close();
  }

  add(mainAccountId: string): void {
    this.#mains.add(mainAccountId);
    this.#addedMeanwhile?.push(mainAccountId);
  }

  has(mainAccountId: string): boolean {
    return this.#mains.has(mainAccountId);
  }

  get isEmpty(): boolean {
    return this.#mains.size === 0;
  }

  async #look(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#reloadedAtMs > RELOAD_EVERY_MS || nowMs - this.#lookedAtMs > MAX_GAP_MS)
      await this.#reload();
    else await this.#readChanged();
  }

  async #readChanged(): Promise<void> {
    const nowMs = performance.now();
    const { rows } = await this.pool.query<{ id: string }>(
      `SELECT main_account_id AS id FROM webhook WHERE enabled AND updated_at > now() - make_interval(secs => $1)`,
      [LOOK_BACK_SECONDS],
    );
    for (const { id } of rows) this.add(id);
    this.#lookedAtMs = nowMs;
  }

  async #reload(): Promise<void> {
    const nowMs = performance.now();
    const added: string[] = [];
    this.#addedMeanwhile = added;
    try {
      const { rows } = await this.pool.query<{ id: string }>(
        'SELECT DISTINCT main_account_id AS id FROM webhook WHERE enabled',
      );
      this.#mains = new Set([...rows.map(({ id }) => id), ...added]);
      this.#lookedAtMs = nowMs;
      this.#reloadedAtMs = nowMs;
    } finally {
      this.#addedMeanwhile = undefined;
    }
  }
}
