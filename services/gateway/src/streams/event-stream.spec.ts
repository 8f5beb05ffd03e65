import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Principal } from '../request/principal.js';
import { EventStream, type StreamEvent } from './event-stream.js';

const own = (limit: string, onlyIfNew = true): StreamEvent => ({
  event: 'sub-account',
  data: { limit },
  onlyIfNew,
});
const hello: StreamEvent = { event: 'hello', data: {} };
const MAX_BYTES = 100_000;

let stream: EventStream;
let closed = 0;
beforeEach(() => {
  closed = 0;
  stream = new EventStream({ kind: 'all' }, {} as Principal, MAX_BYTES, () => {
    closed += 1;
  });
});
/** Events as `name id`, comments as they are; taken as a reader would. */
function taken(): string[] {
  const blocks = String(stream.body.read() ?? '').split('\n\n');
  return blocks.flatMap((block) => {
    const id = /^id: (.*)$/m.exec(block)?.[1];
    const event = /^event: (.*)$/m.exec(block)?.[1];
    if (event !== undefined) return [`${event} ${id}`];
    return block.startsWith(':') ? [`heartbeat ${id}`] : [];
  });
}

describe('the id', () => {
  test('is a new one only with the last event of what belongs together', () => {
    stream.begin([hello], '1', '1');
    stream.send([own('1', false), own('2', false), own('3', false)], '2');
    expect(taken()).toEqual(['hello 1', 'sub-account 1', 'sub-account 1', 'sub-account 2']);
  });

  test('is that of the reader until it has all that changed since', () => {
    stream.begin([hello, own('1', false)], '2', '1');
    expect(taken()).toEqual(['hello 1', 'sub-account 2']);
  });

  test('moves on without an event, by a heartbeat', () => {
    stream.begin([hello], '1', '1');
    stream.send([], '5');
    stream.heartbeat();
    expect(taken()).toEqual(['hello 1', 'heartbeat 5']);
  });
});

describe('what comes before the stream has begun', () => {
  test('waits, heartbeats aside', () => {
    stream.send([own('9')], '2');
    stream.heartbeat();
    expect(taken()).toEqual([]);
    stream.begin([hello], '1', '1');
    expect(taken()).toEqual(['hello 1', 'sub-account 2']);
  });

  test('is left out where the reader has it', () => {
    stream.send([own('9')], '2');
    stream.knows({ limit: '9' });
    stream.begin([hello], '1', '1');
    expect(taken()).toEqual(['hello 1']);
  });
});

test('unchanged states are sent once', () => {
  stream.knows({ limit: '1' });
  stream.begin([hello], '1', '1');
  for (const limit of ['1', '2', '2', '1']) stream.send([own(limit)], limit);
  expect(taken()).toEqual(['hello 1', 'sub-account 2', 'sub-account 1']);
});

test('a reader that leaves too much is broken off when more is to come, not before', async () => {
  stream.begin([hello], '1', '1');
  // The first buffer of a stream counts as taken.
  stream.send([own('x'.repeat(stream.body.readableHighWaterMark), false)], '2');
  stream.send([own('x'.repeat(5 * MAX_BYTES), false)], '3');
  expect(stream.isOpen).toBe(true);
  stream.send([own('1', false)], '4');
  expect([stream.isOpen, stream.wasTooSlow]).toEqual([false, true]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toBe(1);
});

test('nothing is written after the end', () => {
  stream.begin([hello], '1', '1');
  stream.end();
  stream.send([own('1')], '2');
  stream.heartbeat();
  expect(taken()).toEqual(['hello 1']);
});
