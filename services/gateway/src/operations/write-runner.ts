import { isConnectionError } from '@subledger/database';
import type { Logger } from '@subledger/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { type AuditFacts, type AuditRow, actorOf, auditRow } from '../audit/audit-entry.js';
import { RefusedEntries } from '../audit/refused-entries.js';
import type { Transaction } from '../database/transaction.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { type Answer, openAnswer } from '../request/idempotency.js';
import { askerOf } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { WriteRequest } from '../request/write-request.js';
import { notifyChangesWithin } from './change-notice.js';
import { toEvent } from './command-event.js';
import type { CommandSender } from './command-sender.js';
import { type CommandDraft, type Effects, isOutcomeOnlyOperation, type Operation } from './operation.js';
import { acceptedLater, refusedAnswer } from './operation-answers.js';
import { type NewOperation, type OperationsStore, Repeated } from './operations-store.js';
import type { PendingRequests } from './pending-requests.js';
import type { Sweeper } from './sweeper.js';

/** A write through the ledger. */
export interface LedgerWrite {
  readonly mainAccountId: string;
  readonly subAccountId?: string;
  readonly command: CommandDraft;
  /** Sent after `command` was accepted. The ledger must never refuse it. */
  readonly then?: CommandDraft;
  readonly effects?: Effects;
  /** The settings to be changed, in their currently shown state, for the audit log. */
  readonly was?: object;
  /** Locks the row of the sub-account until the commit, so that changes with its ETag see this one. */
  readonly locksSubAccount?: boolean;
  /** Reserves names, inserts rows, checks preconditions. It commits together with the operation. */
  readonly prepare?: (tx: Transaction, operationId: string) => Promise<void>;
  /**
   * Reads the answer from the read model. Ids come from the operation, because a repeat gets those of the first
   * request.
   */
  readonly answer: (operation: Ended) => Promise<Answer>;
}

/** An operation that the ledger accepted, with the fields that answers need. */
export type Ended = Pick<Operation, 'id' | 'mainAccountId' | 'subAccountId' | 'outcome'>;

/** A write of the gateway's own tables: committed and answered at once. */
export interface LocalWrite {
  /** The main account whose streams and audit log get the change, or null if there is none. */
  readonly mainAccountId: string | null;
  /** The settings to be changed, read in its transaction, for the audit log. */
  readonly was?: (tx: Transaction) => Promise<object | undefined>;
  /** Ids of created objects, from the answer. */
  readonly made?: (answer: Answer) => Readonly<Record<string, string>>;
  readonly apply: (tx: Transaction) => Promise<Answer>;
}

export interface WriteOptions {
  /** Milliseconds that a request waits for its outcome. */
  readonly waitMs: number;
  readonly resendAfterMs: number;
  readonly publicUrl: string;
}

const TRANSACTION = { timeout: 5_000, maxWait: 2_000 };

/**
 * Commits a write as an operation, sends its command, waits for the outcome and answers. After the commit the
 * operation is safe: a crash, a lost send or a lost answer do not change its outcome.
 */
export class WriteRunner {
  readonly #refused: RefusedEntries;

  constructor(
    private readonly prisma: PrismaClient,
    private readonly store: OperationsStore,
    private readonly sender: CommandSender,
    private readonly pending: PendingRequests,
    private readonly sweeper: Pick<Sweeper, 'sweepSoon'>,
    private readonly options: WriteOptions,
    private readonly log: Logger,
  ) {
    this.#refused = new RefusedEntries(prisma, log);
  }

  async run(request: WriteRequest, write: LedgerWrite): Promise<Answer> {
    const operationId = `op_${uuidv7()}`;
    const row = this.#operationRow(operationId, request, write);
    const { mainAccountId, subAccountId, was } = write;
    const facts: RefusedFacts = {
      actor: actorOf(request.principal),
      mainAccountId,
      ...(subAccountId === undefined ? {} : { subAccountId }),
      ...(was === undefined ? {} : { was }),
    };
    const entry = auditRow(request, { ...facts, operationId, outcome: 'pending' });
    const first = await this.#refused.around(request, facts, () => this.#commit(request, write, row, entry));
    if (first) return this.#repeat(request, first, write.answer);
    return this.#finish(request, operationId, write.answer, row);
  }

  /**
   * Reads the object of a request. A repeat gets the first answer even if the object has been deleted, by the first
   * request itself or later.
   *
   *
   * @throws ProblemError `not-found` from `read`, if the request is not a repeat
   */
  async about<Row>(
    request: WriteRequest,
    toAnswer: LedgerWrite['answer'],
    read: () => Promise<Row>,
    write: (row: Row) => Promise<Answer>,
  ): Promise<Answer> {
    let row: Row;
    try {
      row = await read();
    } catch (error) {
      const isGone = error instanceof ProblemError && error.code === 'not-found';
      const first = isGone && request.claim ? await this.store.findUse(request.claim) : undefined;
      if (!first) throw error;
      return this.#repeat(request, first, toAnswer);
    }
    return write(row);
  }

  /** @returns the earlier use of the request's Idempotency-Key; then nothing was committed */
  async #commit(
    { claim }: WriteRequest,
    { prepare, locksSubAccount = false }: LedgerWrite,
    row: NewOperation,
    entry: AuditRow,
  ): Promise<Repeated | undefined> {
    if (!prepare) return this.store.insert(row, entry, { claim, locksSubAccount });
    return this.prisma.$transaction(async (tx) => {
      const store = this.store.within(tx);
      const before = await store.claim(claim, row.id);
      if (before) return before;
      await prepare(tx, row.id);
      return store.insert(row, entry);
    }, TRANSACTION);
  }

  async runLocal(request: WriteRequest, write: LocalWrite): Promise<Answer> {
    const facts: RefusedFacts = {
      actor: actorOf(request.principal),
      mainAccountId: write.mainAccountId,
    };
    const result = await this.#refused.around(request, facts, () =>
      this.prisma.$transaction(async (tx) => {
        const store = this.store.within(tx);
        const before = await store.claim(request.claim, null);
        if (before) return before;
        const was = await write.was?.(tx);
        const answer = await write.apply(tx);
        const made = write.made?.(answer) ?? {};
        const entry = auditRow(request, { ...facts, ...(was ? { was } : {}), made, outcome: 'done' });
        await tx.auditEntry.createMany({ data: [entry] });
        if (write.mainAccountId !== null) await notifyChangesWithin(tx, write.mainAccountId);
        if (request.claim) await store.keepAnswer(request.claim, answer);
        return answer;
      }, TRANSACTION),
    );
    return result instanceof Repeated ? this.#repeat(request, result, undefined) : result;
  }

  /** Sends the command if it is new, waits, and answers with the outcome or with 202. */
  async #finish(
    request: WriteRequest,
    operationId: string,
    toAnswer: LedgerWrite['answer'],
    row?: NewOperation,
  ): Promise<Answer> {
    const outcome = this.pending.wait(operationId, this.options.waitMs, row && isOutcomeOnlyOperation(row));
    if (row) {
      this.sender.send([row]).catch((error: unknown) => {
        this.log.warn({ err: error, operationId }, 'the command could not be sent now, the sweeper will');
      });
    } else {
      if (await this.store.makeDue(operationId)) this.sweeper.sweepSoon();
      void this.pending.look();
    }
    const notified = await outcome;
    const ended = notified && row ? { ...row, outcome: notified } : await this.store.find(operationId);
    if ('state' in ended && ended.state === 'pending') return acceptedLater(ended, this.options.publicUrl);
    const answer =
      ended.outcome?.code === undefined
        ? await toAnswer(ended)
        : refusedAnswer(ended.outcome, operationId, this.options.publicUrl);
    // The operation is done in any case, so a failure here must not turn its answer into an error.
    if (request.claim)
      await this.store.keepAnswer(request.claim, answer).catch((error: unknown) => {
        if (!isConnectionError(error)) throw error;
      });
    return answer;
  }

  async #repeat(
    request: WriteRequest,
    first: Repeated,
    toAnswer: LedgerWrite['answer'] | undefined,
  ): Promise<Answer> {
    const claimed = request.claim;
    let answer: Answer;
    if (first.sealedAnswer !== null && claimed) answer = openAnswer(first.sealedAnswer, claimed.sealingKey);
    else if (first.operationId !== null && toAnswer)
      answer = await this.#finish(request, first.operationId, toAnswer);
    else throw new ProblemError('operation-in-progress', {}, { 'retry-after': '1' });
    return { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } };
  }

  #operationRow(id: string, request: WriteRequest, write: LedgerWrite): NewOperation {
    return {
      id,
      mainAccountId: write.mainAccountId,
      subAccountId: write.subAccountId ?? null,
      action: request.routeId,
      asker: askerOf(request.principal),
      commandId: id,
      command: toEvent(id, write.command),
      thenCommandId: write.then ? `${id}.2` : null,
      thenCommand: write.then ? toEvent(`${id}.2`, write.then) : null,
      effects: write.effects ?? null,
      nextSendAt: new Date(Date.now() + this.options.resendAfterMs),
    };
  }
}

type RefusedFacts = Omit<AuditFacts, 'outcome' | 'code'>;
