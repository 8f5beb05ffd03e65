import type { AuditRow } from '../audit/audit-entry.js';
import { Prisma } from '../generated/prisma/client.js';

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

/** One statement, which commits by itself where nothing else is to be written: an operation is never without its entry. */
export async function insertOperation(
  tx: Pick<Prisma.TransactionClient, '$executeRaw'>,
  op: NewOperation,
  entry: AuditRow,
): Promise<void> {
  await tx.$executeRaw(Prisma.sql`
    WITH op AS (
      INSERT INTO operation (id, main_account_id, sub_account_id, action, asker, command_id, command, then_command_id,
                             then_command, effects, next_send_at)
      VALUES (${op.id}, ${op.mainAccountId}, ${op.subAccountId}, ${op.action}, ${op.asker}, ${op.commandId},
              ${op.command}, ${op.thenCommandId}, ${op.thenCommand}, ${jsonOf(op.effects)}::jsonb, ${op.nextSendAt}))
    INSERT INTO audit_entry (id, main_account_id, sub_account_id, action, actor_kind, actor_id, actor_name, credential,
                             address, user_agent, request_id, objects, before, after, outcome, operation_id)
    VALUES (${entry.id}, ${entry.mainAccountId}, ${entry.subAccountId}, ${entry.action}, ${entry.actorKind},
            ${entry.actorId}, ${entry.actorName}, ${entry.credential}, ${entry.address}, ${entry.userAgent},
            ${entry.requestId}, ${jsonOf(entry.objects)}::jsonb, ${jsonOf(entry.before)}::jsonb,
            ${jsonOf(entry.after)}::jsonb, ${entry.outcome}, ${entry.operationId})`);
}

const jsonOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);
