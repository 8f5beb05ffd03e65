import { expect, it } from '@jest/globals';
import { COMMANDS } from '@subledger/contracts';
import { rollCommandRecord } from './roll-command.js';

it('makes the same valid command of the same month start, every time', () => {
  const item = { mainAccountId: 'ma_1', period: '2026-12', dueAt: Date.parse('2026-11-30T15:00:00Z') };
  const record = rollCommandRecord(item);
  expect(record).toMatchObject({ topic: 'points.commands.v1', key: 'ma_1' });
  expect(rollCommandRecord({ ...item }).value).toBe(record.value);
  const command = JSON.parse(String(record.value));
  expect(COMMANDS.get(command.type)?.schema.parse(command)).toMatchObject({
    id: 'roll:ma_1:2026-12',
    type: 'subledger.period.roll.v1',
    data: { mainAccountId: 'ma_1', period: '2026-12', dueAt: '2026-11-30T15:00:00.000Z' },
  });
});
