import { describe, expect, it } from '@jest/globals';
import { redactedValue } from './redact.js';

const shown = (text: string) => redactedValue(Buffer.from(text)).join('\n');

describe('a value for the eye', () => {
  it('has no content of a message, however deep', () => {
    const text = shown(
      '{"id":"1","data":{"content":"secret","list":[{"content":{"a":"secret"}}],"points":"1"}}',
    );
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toMatchObject({ id: '1', data: { content: '[redacted]', points: '1' } });
  });

  it('shows only fields of the contracts, without content and recipient', () => {
    const text = shown(
      JSON.stringify({
        id: '1',
        source: '/sms',
        data: {
          messageId: 'm',
          recipient: '+819077770001',
          contents: 'secret',
          number: 81,
          list: ['secret', { points: '1' }],
        },
      }),
    );
    expect(JSON.parse(text)).toEqual({
      id: '1',
      source: '/sms',
      data: {
        messageId: 'm',
        recipient: '[redacted]',
        contents: '[redacted]',
        number: '[redacted]',
        list: ['[redacted]', { points: '1' }],
      },
    });
  });

  it('is not shown if it is not a JSON object, and not quoted in an error', () => {
    expect(shown('{"content":"secret')).toBe(
      '(18 bytes that are no JSON object; not shown: they may be the content of a message)',
    );
    for (const text of ['"a secret"', '["a secret"]']) expect(shown(text)).not.toContain('secret');
    expect(redactedValue(null)).toEqual(['(none)']);
  });
});
