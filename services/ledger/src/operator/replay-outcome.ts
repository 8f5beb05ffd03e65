import { setTimeout as sleep } from 'node:timers/promises';
import { partitionFor } from '@subledger/kafka';
import { commandKey } from '../store/known.js';
import { loadCommands } from '../store/load-books.js';
import { DeadLetterLog, type StoredLetter } from './dead-letter-log.js';
import type { OperatorContext } from './operator-command.js';
import { REPLAY_HEADER, type Replay } from './replay-plan.js';

const POLL_MS = 50;

export interface ReplayOutcome {
  readonly isBooked: boolean;
  readonly text: string;
}

/** The outcome of a replay in the books, or null if there is none (yet). */
export async function bookedOutcome(context: OperatorContext, replay: Replay): Promise<ReplayOutcome | null> {
  const { pool } = context;
  const { kind, mainAccountId, id } = replay;
  if (kind === 'status') return null;
  if (kind === 'command') {
    const { payload } =
      (await loadCommands(pool, [{ mainAccountId, id }], rethrow)).get(commandKey(mainAccountId, id)) ?? {};
    return payload ? describeEvent(payload) : null;
  }
  const [table, column] = kind === 'sent' ? ['charges', 'message_id'] : ['refunds', 'refund_id'];
  const { rowCount } = await pool.query(
    `SELECT FROM ${table} WHERE main_account_id = $1 AND ${column} = $2`,
    [mainAccountId, id],
  );
  return rowCount === 0 ? null : { isBooked: true, text: kind === 'sent' ? 'charged' : 'refunded' };
}

function rethrow(error: unknown): never {
  throw error;
}

function describeEvent(payload: string): ReplayOutcome {
  const { type, data } = JSON.parse(payload) as {
    type: string;
    data: { sequence: number; code?: string; errors?: unknown };
  };
  const name = type.replace(/^subledger\./, '').replace(/\.v1$/, '');
  if (name !== 'command.rejected') return { isBooked: true, text: `${name}, sequence ${data.sequence}` };
  return { isBooked: false, text: `refused by the ledger: ${data.code} (see docs/errors/${data.code}.md)` };
}

/** Waits for the outcome of a replay, in the books or among the dead letters. */
export class OutcomeWatch {
  readonly #partition: number;
  #end: bigint | undefined;

  constructor(
    private readonly context: OperatorContext,
    private readonly log: DeadLetterLog,
    private readonly replay: Replay,
  ) {
    this.#partition = partitionFor(replay.mainAccountId, context.partitions);
  }

  /** Call before sending: only later dead letters can be the outcome. */
  async begin(): Promise<void> {
    this.#end = await this.log.end(this.#partition);
  }

  /** @returns null if there is no outcome in time */
  async wait(timeoutMs: number): Promise<ReplayOutcome | null> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const booked = await bookedOutcome(this.context, this.replay);
      if (booked) return booked;
      const again = await this.#deadLetteredAgain();
      if (again) {
        const { reason, detail } = again.letter;
        return { isBooked: false, text: `dead-lettered again as ${again.id}: ${reason}: ${detail}` };
      }
      if (Date.now() >= deadline) return null;
      await sleep(POLL_MS);
    }
  }

  async #deadLetteredAgain(): Promise<StoredLetter | null> {
    for await (const stored of this.log.from(this.#partition, this.#end ?? 0n)) {
      if (stored.letter.headers[REPLAY_HEADER] === this.replay.letter.id) return stored;
    }
    return null;
  }
}
