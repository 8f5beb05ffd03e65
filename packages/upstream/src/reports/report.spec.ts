import { expect, it } from '@jest/globals';
import { MAX_SHOWN_CHARACTERS, MESSAGE_DATA } from '@subledger/contracts';
import { prepareReport } from './report.js';

it('a text that cannot be kept as it is gets cleaned: the message was sent, so its report is written', () => {
  const { record } = prepareReport(
    {
      type: 'message.sent',
      messageId: 'm',
      mainAccountId: 'ma_one',
      subAccountId: 'sa_one',
      sentAt: '2026-11-24T00:00:00Z',
      sender: 'Test\u0000',
      recipient: '8'.repeat(100),
      content: 'cut in an emoji \uD83D',
      segments: 1,
      points: '1',
    },
    'sms',
    '2026-11-24T00:00:00Z',
  );
  const { data } = JSON.parse(String(record.value));
  expect(data).toMatchObject({
    sender: 'Test\uFFFD',
    recipient: `${'8'.repeat(MAX_SHOWN_CHARACTERS.recipient - 1)}\uFFFD`,
    content: 'cut in an emoji \uFFFD',
  });
  expect(MESSAGE_DATA['message.sent'].safeParse(data).success).toBe(true);
});
