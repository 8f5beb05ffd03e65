import { MAX_MESSAGE_RECORD_BYTES, MAX_RECORD_BYTES, TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import { type SeededRandom } from '@subledger/simulator';
import { UNDECODABLE } from '../broker/partition.js';
import { POISON } from '../process/ledger-process.js';
import type { Customer } from './customers.js';

/** Everything that can be wrong with a record on either input topic. */
type Spoil = (
  event: Record<string, unknown>,
  customer: Customer,
  random: SeededRandom,
) => Partial<OutgoingRecord>;

const json = (event: unknown): Partial<OutgoingRecord> => ({ value: JSON.stringify(event) });
const dataOf = (event: Record<string, unknown>) => event.data as Record<string, unknown>;

const SPOILS: readonly Spoil[] = [
  () => ({ value: null }),
  () => ({ value: '' }),
  () => ({ value: '{"specversion":"1.0", broken' }),
  () => ({ value: Buffer.from([0xff, 0xfe, 0x00, 0x80]) }),
  () => ({ value: UNDECODABLE }),
  (event) => json({ ...event, specversion: '0.3' }),
  (event) => json({ ...event, time: 'yesterday' }),
  (event) => json({ ...event, id: 'has spaces in it' }),
  (event) => json({ ...event, type: 'subledger.points.invent.v1' }),
  (event) => json({ ...event, data: { ...dataOf(event), points: '-1e3', limit: 'many', plan: 'gift' } }),
  (event) => json({ ...event, data: { ...dataOf(event), mainAccountId: 'main account 1' } }),
  (event) => json({ ...event, data: null }),
  (event) => json([event]),
  (event) => ({ value: JSON.stringify(event).replace('"data"', '"data":{},"data"') }),
  (event, { id }) => ({ ...json(event), key: `${id}-other` }),
  (event) => ({ ...json(event), key: null }),
];

/** A record that must become a dead letter, unless its error is in a field that booking does not use. */
export function spoiled(
  random: SeededRandom,
  customer: Customer,
  topic: string,
  event: Record<string, unknown>,
): OutgoingRecord {
  const record = { topic, key: customer.id, value: JSON.stringify(event) };
  // Rare, because it takes a quarter of a megabyte, or a whole one.
  const maxBytes = topic === TOPICS.commands ? MAX_RECORD_BYTES : MAX_MESSAGE_RECORD_BYTES;
  if (random.chance(0.02))
    return { ...record, value: JSON.stringify({ ...event, pad: 'x'.repeat(maxBytes) }) };
  return { ...record, ...random.pick(SPOILS)(event, customer, random) };
}

/** A record on which a rule throws. */
export function poisoned(event: Record<string, unknown>, customer: Customer, id: string): OutgoingRecord {
  const isMessage = event.type === 'subledger.message.sent.v1';
  const data = isMessage
    ? { ...dataOf(event), messageId: `${POISON}-${id}` }
    : { mainAccountId: customer.id, points: '1', reference: POISON };
  const type = isMessage ? event.type : 'subledger.points.purchase.v1';
  const topic = isMessage ? TOPICS.messages : TOPICS.commands;
  return { topic, key: customer.id, value: JSON.stringify({ ...event, type, data }) };
}
