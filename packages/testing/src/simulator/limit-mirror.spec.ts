import { beforeEach, describe, expect, it } from '@jest/globals';
import { formatPoints, parsePoints } from '@subledger/core';
import { LimitMirror } from './limit-mirror.js';

const SUB = 'sa_1';
const record = (given: object) => ({
  key: SUB,
  value: Buffer.from(
    JSON.stringify({
      subAccountId: SUB,
      mainAccountId: 'ma_1',
      status: 'active',
      period: '2026-11',
      limit: '100',
      boost: '0',
      granted: '100',
      used: '0',
      held: '0',
      remaining: '100',
      generation: 1,
      sequence: 5,
      position: null,
      ...given,
    }),
  ),
});
const at = (offset: number) => ({ topic: 'sms.messages.v1', partition: 3, offset: String(offset) });

describe('LimitMirror', () => {
  let mirror: LimitMirror;
  const remaining = () => formatPoints(mirror.remaining(SUB));
  beforeEach(() => {
    mirror = new LimitMirror();
    mirror.apply(record({}));
  });

  it.each([
    ['a lower sequence', { sequence: 4, remaining: '1' }, '100'],
    ['the same sequence', { sequence: 5, remaining: '1' }, '100'],
    ['a higher sequence', { sequence: 6, remaining: '1' }, '1'],
    ['a later generation that counts anew', { generation: 2, sequence: 1, remaining: '1' }, '1'],
    ['an earlier generation', { generation: 0, sequence: 99, remaining: '1' }, '100'],
  ])('with %s remains as it should', (_name, given, expected) => {
    mirror.apply(record(given));
    expect(remaining()).toBe(expected);
  });

  it('subtracts own reports until the record reflects them, not one more and not one less', () => {
    mirror.reported(SUB, 'm1', parsePoints('10'));
    mirror.reported(SUB, 'm2', parsePoints('1.2'));
    expect(remaining()).toBe('88.8');
    mirror.located(SUB, 'm1', 7n);
    mirror.located(SUB, 'm2', 8n);
    mirror.apply(record({ sequence: 6, used: '10', remaining: '90', position: at(7) }));
    expect([remaining(), mirror.pendingReports]).toEqual(['88.8', 1]);
    mirror.apply(record({ sequence: 7, used: '11.2', remaining: '88.8', position: at(8) }));
    expect([remaining(), mirror.pendingReports]).toEqual(['88.8', 0]);
  });

  it('forgets a report that is located after the record that reflects it', () => {
    mirror.reported(SUB, 'm1', parsePoints('10'));
    mirror.apply(record({ sequence: 6, remaining: '90', position: at(7) }));
    expect(remaining()).toBe('80');
    mirror.located(SUB, 'm1', 7n);
    expect(remaining()).toBe('90');
  });

  it('counts what it cannot read, and lets a tombstone delete', () => {
    mirror.apply({ key: SUB, value: Buffer.from('{"no":"record"}') });
    expect(mirror.unreadable).toBe(1);
    mirror.apply({ key: SUB, value: null });
    expect(mirror.get(SUB)).toBeUndefined();
  });
});
