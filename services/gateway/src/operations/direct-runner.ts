import { createHash } from 'node:crypto';
import type { Logger } from '@subledger/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Answer, IdempotencyClaim } from '../request/idempotency.js';
import { askerOf } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { WriteRequest } from '../request/write-request.js';
import { toEvent } from './command-event.js';
import type { CommandSender } from './command-sender.js';
import { type CommandDraft, type Operation, type Outcome, toOperation } from './operation.js';
import { acceptedLater, refusedAnswer } from './operation-answers.js';
import type { PendingDirectRequests } from './pending-direct-requests.js';
import type { WriteOptions } from './write-runner.js';

/** Prefix of the ids of commands without an operation. */
const DIRECT_PREFIX = 'direct_';
export const isDirect = (commandId: string): boolean => commandId.startsWith(DIRECT_PREFIX);

/** A write that only the ledger executes, and whose repeat the ledger recognizes. */
export interface DirectWrite {
  readonly mainAccountId: string;
  readonly subAccountId?: string;
  readonly command: CommandDraft;
  /**
   * Whether an accepted outcome belongs to this request, and not to another request with the same Idempotency-Key.
   */
  readonly isAbout: (outcome: Outcome) => boolean;
  readonly answer: (outcome: Outcome) => Answer;
}

/**
 * Writes that would be too slow with a row per request, and need none: a hold whose caller got no answer has no
 * value, and expires. Nothing is stored before the command is sent. Its id is derived from the Idempotency-Key, so
 * that the ledger itself recognizes a repeat, on any instance. A command without an outcome in time becomes a normal
 * operation (`docs/decisions/0012-holds-without-rows.md`).
 */
export class DirectRunner {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly sender: CommandSender,
    private readonly pending: PendingDirectRequests,
    private readonly options: WriteOptions,
    private readonly log: Logger,
  ) {}

  async run(request: WriteRequest, write: DirectWrite): Promise<Answer> {
    const commandId = commandIdOf(request.claim);
    const command = toEvent(commandId, write.command);
    const { mainAccountId } = write;
    const isMine = (outcome: Outcome) => outcome.code !== undefined || write.isAbout(outcome);
    const waiting = this.pending.wait({ mainAccountId, commandId }, isMine, this.options.waitMs);
    this.sender.send([{ mainAccountId, command }]).catch((error: unknown) => {
      this.log.warn({ err: error, commandId }, 'the command could not be sent now, the sweeper will');
    });
    const outcome = await waiting;
    if (outcome) return this.#toAnswer(write, outcome, undefined);
    const operation = await this.#handOver(request, write, { commandId, command });
    if (operation.state === 'pending') return acceptedLater(operation, this.options.publicUrl);
    return this.#toAnswer(write, operation.outcome as Outcome, operation.id);
  }

  #toAnswer(write: DirectWrite, outcome: Outcome, operationId: string | undefined): Answer {
    if (outcome.code === 'main-account-not-found') throw ProblemError.notFound();
    if (outcome.code !== undefined) return refusedAnswer(outcome, operationId, this.options.publicUrl);
    if (!write.isAbout(outcome)) throw new ProblemError('idempotency-conflict');
    const answer = write.answer(outcome);
    if (!outcome.isRepeat) return answer;
    return { ...answer, headers: { ...answer.headers, 'idempotent-replayed': 'true' } };
  }

  /**
   * Stores the command as an operation. From then on the sweeper sends it until it has an outcome. A repeat of the
   * request finds the same operation.
   * @throws the database's error: nothing is promised, and the caller must repeat the request
   */
  async #handOver(
    { routeId, principal }: WriteRequest,
    { mainAccountId, subAccountId }: DirectWrite,
    { commandId, command }: { readonly commandId: string; readonly command: string },
  ): Promise<Operation> {
    const row = {
      id: `op_${uuidv7()}`,
      mainAccountId,
      subAccountId: subAccountId ?? null,
      action: routeId,
      asker: askerOf(principal),
      commandId,
      command,
      nextSendAt: new Date(),
    };
    await this.prisma.operation.createMany({ data: [row], skipDuplicates: true });
    const stored = await this.prisma.operation.findUniqueOrThrow({
      where: { mainAccountId_commandId: { mainAccountId, commandId } },
    });
    return toOperation(stored);
  }
}

/** Always the same for the same Idempotency-Key. */
function commandIdOf(claim: IdempotencyClaim | undefined): string {
  if (!claim) return `${DIRECT_PREFIX}${uuidv7()}`;
  const { scope, route, keyHash } = claim;
  const hash = createHash('sha256').update(`${scope}\u0000${route}\u0000`).update(keyHash);
  return `${DIRECT_PREFIX}${hash.digest('hex').slice(0, 40)}`;
}
