import type pg from 'pg';
import type { AuditRow } from '../audit/audit-entry.js';
import { readingFrom, readingWithin, type SqlReader } from '../database/sql-reader.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { type Answer, type IdempotencyClaim, sealAnswer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import { type Operation, toOperation } from './operation.js';

/** What a new operation is stored with. */
export interface NewOperation {
  readonly id: string;
  readonly mainAccountId: string;
  readonly subAccountId: string | null;
  readonly action: string;
  readonly asker: string;
  readonly commandId: string;
  readonly command: string;
  readonly thenCommandId: string | null;
  readonly thenCommand: string | null;
  readonly effects: object | null;
  readonly nextSendAt: Date;
}

/** The earlier use of an Idempotency-Key that a repeat found. */
export class Repeated {
  constructor(
    readonly operationId: string | null,
    readonly sealedAnswer: Uint8Array | null,
  ) {}
}

export interface InsertOptions {
  readonly claim?: IdempotencyClaim | undefined;
  /** Also locks the row of its sub-account until the operation is committed. */
  readonly locksSubAccount?: boolean;
}

/** A command sent longer ago than this has its outcome, unless it was never sent. Concurrent repeats wait. */
const SEND_ANEW_AFTER_SECONDS = 2;

/** Operations and Idempotency-Keys. The steps of every write use `pg`, with as few SQL statements as possible. */
export class OperationsStore {
  private constructor(
    private readonly prisma: Pick<PrismaClient, 'idempotencyKey' | 'operation'>,
    private readonly reader: SqlReader,
  ) {}

  static of(prisma: PrismaClient, pool: Pick<pg.Pool, 'query'>): OperationsStore {
    return new OperationsStore(prisma, readingFrom(pool));
  }

  /** The same store inside a transaction. */
  within(tx: Prisma.TransactionClient): OperationsStore {
    return new OperationsStore(tx, readingWithin(tx));
  }

  /**
   * Claims the key, and stores the operation and its audit entry, in one SQL statement and so in one transaction.
   * @returns the earlier use of the key; then nothing was stored
   * @throws ProblemError `idempotency-conflict` if it was used for other content
   */
  async insert(
    row: NewOperation,
    entry: AuditRow,
    { claim, locksSubAccount = false }: InsertOptions = {},
  ): Promise<Repeated | undefined> {
    const stored = await this.reader.prepared(insertion(row, entry, claim, locksSubAccount));
    if (stored.length === 1) return undefined;
    if (!claim) throw new Error('An operation without a key was not stored');
    return this.#firstUse(claim);
  }

  /**
   * Claims the key for this request. A concurrent request with the same key waits here for the first one's commit.
   *
   *
   * @returns the earlier use of the key, or undefined for its first use
   * @throws ProblemError `idempotency-conflict` if it was used for other content
   */
  async claim(
    claim: IdempotencyClaim | undefined,
    operationId: string | null,
  ): Promise<Repeated | undefined> {
    if (!claim) return undefined;
    const { scope, route, keyHash, requestHash } = claim;
    const { count } = await this.prisma.idempotencyKey.createMany({
      data: [{ scope, route, keyHash, requestHash, operationId }],
      skipDuplicates: true,
    });
    return count === 1 ? undefined : this.#firstUse(claim);
  }

  async #firstUse(claim: IdempotencyClaim): Promise<Repeated> {
    const first = await this.findUse(claim);
    if (!first) throw new Error('The key was used, and has no row');
    return first;
  }

  /**
   * @returns the earlier use of the key, or undefined; nothing is claimed
   * @throws ProblemError `idempotency-conflict` if it was used for other content
   */
  async findUse({ scope, route, keyHash, requestHash }: IdempotencyClaim): Promise<Repeated | undefined> {
    const first = await this.prisma.idempotencyKey.findUnique({
      where: { scope_route_keyHash: { scope, route, keyHash } },
    });
    if (!first) return undefined;
    if (!Buffer.from(first.requestHash).equals(Buffer.from(requestHash)))
      throw new ProblemError('idempotency-conflict');
    return new Repeated(first.operationId, first.sealedAnswer);
  }

  find(id: string): Promise<Operation> {
    return this.prisma.operation.findUniqueOrThrow({ where: { id } }).then(toOperation);
  }

  async keepAnswer({ scope, route, keyHash, sealingKey }: IdempotencyClaim, answer: Answer): Promise<void> {
    await this.reader.prepared(Prisma.sql`
      UPDATE idempotency_key SET sealed_answer = ${sealAnswer(answer, sealingKey)}
       WHERE scope = ${scope} AND route = ${route} AND key_hash = ${keyHash}`);
  }

  /**
   * A repeated request waits for an operation whose first request ended some time ago. If that one died between
   * commit and send, the command must not wait for its next resend.
   * @returns whether it is due now
   */
  async makeDue(operationId: string): Promise<boolean> {
    const due = await this.reader.prepared(Prisma.sql`
      UPDATE operation SET next_send_at = now()
       WHERE id = ${operationId} AND next_send_at > now()
         AND created_at < now() - make_interval(secs => ${SEND_ANEW_AFTER_SECONDS}::float8) RETURNING id`);
    return due.length > 0;
  }
}

/**
 * An operation and its entry are always stored together, and never without the key. The lock is taken after the key,
 * so that two requests with one key cannot deadlock.
 * @returns an SQL statement that returns a row if it stored them
 */
function insertion(
  op: NewOperation,
  entry: AuditRow,
  claim: IdempotencyClaim | undefined,
  locksSubAccount: boolean,
): Prisma.Sql {
  const first: Prisma.Sql[] = [];
  const isFirst = claim ? Prisma.sql`EXISTS (SELECT FROM claimed)` : Prisma.sql`true`;
  if (claim)
    first.push(Prisma.sql`claimed AS (
      INSERT INTO idempotency_key (scope, route, key_hash, request_hash, operation_id)
      VALUES (${claim.scope}, ${claim.route}, ${claim.keyHash}, ${claim.requestHash}, ${op.id})
      ON CONFLICT DO NOTHING RETURNING 1)`);
  if (locksSubAccount)
    first.push(Prisma.sql`locked AS MATERIALIZED (
      SELECT 1 FROM sub_account
       WHERE main_account_id = ${op.mainAccountId} AND id = ${op.subAccountId} AND ${isFirst} FOR UPDATE)`);
  const isLocked = locksSubAccount ? Prisma.sql`(SELECT count(*) FROM locked) >= 0` : Prisma.sql`true`;
  first.push(Prisma.sql`op AS (
      INSERT INTO operation (id, main_account_id, sub_account_id, action, asker, command_id, command, then_command_id,
                             then_command, effects, next_send_at)
      SELECT ${op.id}::text, ${op.mainAccountId}::text, ${op.subAccountId}::text, ${op.action}::text, ${op.asker}::text,
             ${op.commandId}::text, ${op.command}::text, ${op.thenCommandId}::text, ${op.thenCommand}::text,
             ${jsonOf(op.effects)}::jsonb, ${op.nextSendAt}::timestamptz
       WHERE ${isFirst} AND ${isLocked} RETURNING id)`);
  return Prisma.sql`WITH ${Prisma.join(first, ',\n    ')}
    INSERT INTO audit_entry (id, main_account_id, sub_account_id, action, actor_kind, actor_id, actor_name, credential,
                             address, user_agent, request_id, objects, before, after, outcome, operation_id)
    SELECT ${entry.id}::text, ${entry.mainAccountId}::text, ${entry.subAccountId}::text, ${entry.action}::text,
           ${entry.actorKind}::text, ${entry.actorId}::text, ${entry.actorName}::text, ${entry.credential}::text,
           ${entry.address}::text, ${entry.userAgent}::text, ${entry.requestId}::text, ${jsonOf(entry.objects)}::jsonb,
           ${jsonOf(entry.before)}::jsonb, ${jsonOf(entry.after)}::jsonb, ${entry.outcome}::text, op.id
      FROM op RETURNING id`;
}

const jsonOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);
