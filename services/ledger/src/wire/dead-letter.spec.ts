import { describe, expect, it } from '@jest/globals';
import { DEAD_LETTER_HEADERS, DEAD_LETTER_TOPIC, deadLetterDocument } from '@subledger/contracts';
import { toDeadLetter } from '@subledger/kafka';
import { fakeRecord } from '../testing/fake-record.js';

/** The contracts may not import the transport: that both mean the same record is checked here. */
describe('a dead letter', () => {
  it.each([
    ['json', { type: 'subledger.points.mint.v1', id: 'x1' }],
    ['json', '[1]'],
    ['base64', 'no json'],
    ['none', null],
  ])('of encoding %s fits the contract: %j', (encoding, value) => {
    const letter = toDeadLetter(fakeRecord({ key: 'ma_1', value }), 'unknown-type', 'why', DEAD_LETTER_TOPIC);
    const document = deadLetterDocument.parse(JSON.parse(String(letter.value)));
    expect(document).toMatchObject({ encoding, reason: 'unknown-type', key: 'ma_1', truncated: false });
    expect(Object.keys(letter.headers ?? {}).sort()).toEqual(Object.values(DEAD_LETTER_HEADERS).sort());
  });
});
