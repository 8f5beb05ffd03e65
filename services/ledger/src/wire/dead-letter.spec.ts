import { describe, expect, it } from '@jest/globals';
import { DEAD_LETTER_HEADERS, DEAD_LETTER_TOPIC, deadLetterDocument } from '@subledger/contracts';
import { DeadLetterSeal, toDeadLetter } from '@subledger/kafka';
import { fakeRecord } from '@subledger/wire/testing';

/** The contracts may not import the transport: that both mean the same record is checked here. */
describe('a dead letter', () => {
  const seal = new DeadLetterSeal('a key of this suite');
  it.each([
    ['JSON', { type: 'subledger.points.mint.v1', id: 'x1' }],
    ['a list', '[1]'],
    ['text', 'no json'],
    ['nothing', null],
  ])('of %s fits the contract: %j', (_what, value) => {
    const letter = toDeadLetter(
      fakeRecord({ key: 'ma_1', value }),
      'unknown-type',
      'why',
      DEAD_LETTER_TOPIC,
      seal,
    );
    const document = deadLetterDocument.parse(JSON.parse(String(letter.value)));
    expect(document).toMatchObject({
      encoding: 'sealed',
      reason: 'unknown-type',
      key: 'ma_1',
      truncated: false,
    });
    expect(Object.keys(letter.headers ?? {}).sort()).toEqual(Object.values(DEAD_LETTER_HEADERS).sort());
  });
});
