import { describe, expect, it } from '@jest/globals';
import {
  BLOCK_EVENTS,
  DamagedBlockError,
  decodeBlock,
  type EncodedBlock,
  encodeBlock,
  encodeBlocks,
  SEPARATOR,
} from './journal-block.js';
import { eventsOf, mainAccountOf } from './journal-event.js';
import { packEvents } from './pack-events.js';

const AT = '2026-11-30T23:59:59.999Z';

function blockOf(texts: readonly string[], firstSequence = 7n) {
  const payloads = Buffer.from(texts.join(String.fromCharCode(SEPARATOR)));
  return { firstSequence, lastSequence: firstSequence + BigInt(texts.length) - 1n, at: AT, payloads };
}
const stored = (block: EncodedBlock) => ({ ...block, lane: 3, generation: 1 });
const texts = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ n: index, text: '点数'.repeat(length) }));

describe('a block of the journal', () => {
  it.each([
    ['one short event', texts(1, 1)],
    ['one long event', texts(1, 2_000)],
    ['many events', texts(500, 100)],
    ['events of more than one megabyte', texts(1_000, 300)],
  ])('gives %s back, to the last byte', async (_, given) => {
    const block = blockOf(given);
    expect(decodeBlock(stored(encodeBlock(block)))).toEqual(given);
    const [encoded] = await encodeBlocks([block]);
    expect(decodeBlock(stored(encoded as EncodedBlock))).toEqual(given);
  });

  it('is compressed unless it is short', () => {
    const long = encodeBlock(blockOf(texts(500, 100)));
    expect([long.format, long.payload.length < long.payloads.length / 5]).toEqual([1, true]);
    const short = encodeBlock(blockOf(texts(1, 1)));
    expect([short.format, short.payload]).toEqual([0, short.payloads]);
  });

  const whole = encodeBlock(blockOf(texts(20, 50)));
  const flipped = Buffer.from(whole.payload);
  flipped[20] = (flipped[20] as number) ^ 1;
  it.each<[string, Partial<EncodedBlock>, RegExp]>([
    ['a wrong bit', { payload: flipped }, /checksum/],
    ['a torn value', { payload: whole.payload.subarray(0, 30) }, /checksum/],
    ['an empty value', { payload: Buffer.alloc(0) }, /checksum/],
    ['a format of the future', { format: 9 }, /format 9 is unknown/],
    ['a wrong form', { format: 0 }, /\d of 20 events/],
    ['fewer events than it says', { lastSequence: 27n }, /20 of 21 events/],
  ])('with %s is damaged, and says which it is', (_, change, problem) => {
    const damaged = { ...stored(whole), ...change };
    expect(() => decodeBlock(damaged)).toThrow(DamagedBlockError);
    expect(() => decodeBlock(damaged)).toThrow(problem);
    expect(() => decodeBlock(damaged)).toThrow(/^journal block 7 to 2\d of lane 3 is damaged/);
  });
});

describe('events in blocks', () => {
  const event = (lane: number, sequence: number, at = AT) => {
    const data = {
      mainAccountId: `ma_${lane}`,
      sequence,
      at,
      cause: { kind: 'command', id: `c-${sequence}` },
    };
    const payload = JSON.stringify({
      subject: data.mainAccountId,
      type: 'subledger.points.purchased.v1',
      data,
    });
    return { lane, laneSequence: BigInt(sequence), generation: 1, at, payload };
  };

  it('start a new block with a lane, a gap, a month, and where one is full', () => {
    const given = [
      ...[event(0, 1), event(0, 2), event(0, 4), event(0, 5, '2026-12-01T00:00:00.000Z')],
      ...Array.from({ length: BLOCK_EVENTS + 1 }, (_, index) => event(1, index + 1)),
    ];
    const blocks = [...packEvents(given)];
    expect(
      blocks.map(({ lane, firstSequence, lastSequence }) => [lane, firstSequence, lastSequence]),
    ).toEqual([
      [0, 1n, 2n],
      [0, 4n, 4n],
      [0, 5n, 5n],
      [1, 1n, 1_000n],
      [1, 1_001n, 1_001n],
    ]);
    expect(blocks.flatMap(decodeBlock)).toEqual(given.map(({ payload }) => payload));
  });

  it('are read with what their block says of them', () => {
    const [block] = packEvents([event(2, 5)]);
    expect(block && eventsOf(block)).toEqual([
      {
        ...event(2, 5),
        ...{ mainAccountId: 'ma_2', sequence: 5, type: 'subledger.points.purchased.v1' },
        ...{ causeKind: 'command', causeId: 'c-5' },
      },
    ]);
    expect(mainAccountOf(event(2, 5).payload)).toBe('ma_2');
  });
});
