import {
  COMMANDS,
  envelope,
  MAX_MESSAGE_RECORD_BYTES,
  MAX_RECORD_BYTES,
  MESSAGE_READERS,
  TOPICS,
} from '@subledger/contracts';
import { type KafkaRecord, partitionFor } from '@subledger/kafka';
import type { Evidence } from './evidence.js';

/** A command with a readable id, which is bound to its content. */
export interface CommandView {
  readonly mainAccountId: string;
  readonly id: string;
  readonly content: string;
}

/** Classification of a record by its content alone. */
export type InputView =
  | (CommandView & {
      readonly kind: 'command';
      readonly record: KafkaRecord;
      readonly name: string;
      readonly data: Record<string, unknown>;
      readonly isPoisoned: boolean;
    })
  | {
      readonly kind: 'sent' | 'refunded';
      readonly record: KafkaRecord;
      readonly mainAccountId: string;
      /** Message id, or refund id. */
      readonly id: string;
      readonly data: Record<string, unknown>;
      readonly isPoisoned: boolean;
    }
  | { readonly kind: 'skipped'; readonly record: KafkaRecord }
  | {
      readonly kind: 'bad';
      readonly record: KafkaRecord;
      /** Possible reasons in its dead letter. */
      readonly reasons: readonly string[];
      readonly command: CommandView | null;
    };

const SCHEMA_REASONS = ['invalid-envelope', 'invalid-data', 'unknown-type'];
const MAIN_ID = /^ma_[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;
const FOREIGN_ID = /^[\x21-\x7e]{1,128}$/;

/** Reads an input record by the wire schemas alone. */
export function readInput(record: KafkaRecord, poison: string): InputView {
  const { value, topic } = record;
  const bad = (reasons: readonly string[], json?: unknown): InputView => ({
    kind: 'bad',
    record,
    reasons,
    command: topic === TOPICS.commands ? legible(record, json) : null,
  });
  if (record.undecodable) return bad(['undecodable-batch']);
  if (value === null || value.length === 0) return bad(['empty']);
  if (value.length > (topic === TOPICS.commands ? MAX_RECORD_BYTES : MAX_MESSAGE_RECORD_BYTES))
    return bad(['oversized']);
  let json: { type?: unknown; id: string; data: Record<string, unknown> };
  try {
    json = JSON.parse(value.toString('utf8')) as typeof json;
  } catch {
    return bad(['malformed-json']);
  }
  if (keysIn(JSON.stringify(json)) < keysIn(String(value))) return bad(['duplicate-keys'], json);
  const type = typeof json?.type === 'string' ? json.type : '';
  const contract = topic === TOPICS.commands ? COMMANDS.get(type) : MESSAGE_READERS.get(type);
  if (!contract) return bad(envelope.safeParse(json).success ? ['unknown-type'] : SCHEMA_REASONS, json);
  if (contract.name === 'message.status') return { kind: 'skipped', record };
  const read = contract.schema.safeParse(json);
  if (!read.success) return bad(SCHEMA_REASONS, json);
  const data = read.data.data as Record<string, unknown> & { mainAccountId: string };
  const { mainAccountId } = data;
  if (record.key !== mainAccountId) return bad(['wrong-key'], json);
  if (topic === TOPICS.commands) {
    const isPoisoned = contract.name === 'points.purchase' && data.reference === poison;
    const content = `${type} ${canonical(data)}`;
    return {
      kind: 'command',
      record,
      mainAccountId,
      id: json.id,
      content,
      name: contract.name,
      data,
      isPoisoned,
    };
  }
  const kind = contract.name === 'message.sent' ? 'sent' : 'refunded';
  const id = kind === 'sent' ? String(data.messageId) : json.id;
  return { kind, record, mainAccountId, id, data, isPoisoned: kind === 'sent' && id.startsWith(poison) };
}

/** Strings that a colon follows. A repeated key occurs only once in the parsed object. */
const keysIn = (text: string): number => text.match(/"(?:[^"\\]|\\.)*"\s*:/gs)?.length ?? 0;

/** Whether the record is where its main account's records belong. */
export const isHome = (
  { record, mainAccountId }: { record: KafkaRecord; mainAccountId: string },
  of: Evidence,
) => partitionFor(mainAccountId, of.partitions) === record.partition;

function legible(record: KafkaRecord, json: unknown): CommandView | null {
  if (typeof json !== 'object' || json === null) return null;
  const { id, data } = json as { id?: unknown; data?: { mainAccountId?: unknown } | null };
  const main = data?.mainAccountId;
  if (typeof id !== 'string' || !FOREIGN_ID.test(id)) return null;
  if (typeof main !== 'string' || !MAIN_ID.test(main)) return null;
  return { id, mainAccountId: main, content: `unreadable ${record.value?.toString('latin1')}` };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`;
}
