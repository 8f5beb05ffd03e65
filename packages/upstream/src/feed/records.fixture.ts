import { randomBytes } from 'node:crypto';
import type { LimitRecord, ProfileRecord } from '@subledger/contracts';
import { partitionFor } from '@subledger/kafka/client';

export const SUB = 'sa_one';
export const MAIN = 'ma_one';
export const PARTITIONS = 3;
export const LANE = partitionFor(MAIN, PARTITIONS);

export const limitValue = (given: Partial<LimitRecord> = {}): LimitRecord => ({
  subAccountId: SUB,
  mainAccountId: MAIN,
  status: 'active',
  period: '2026-11',
  limit: '100',
  boost: '0',
  granted: '100',
  used: '0',
  held: '0',
  remaining: '100',
  generation: 1,
  sequence: 1,
  position: null,
  ...given,
});
export const at = (offset: number | bigint, partition = LANE) => ({
  topic: 'sms.messages.v1',
  partition,
  offset: String(offset),
});
export const profileValue = (given: Partial<ProfileRecord> = {}): ProfileRecord => ({
  subAccountId: SUB,
  mainAccountId: MAIN,
  name: 'Reception',
  senderNumbers: ['+815012345678'],
  country: 'JP',
  version: 1,
  updatedAt: '2026-11-24T00:00:00Z',
  ...given,
});
export const toRecord = (value: { subAccountId: string }) => ({
  key: value.subAccountId,
  value: Buffer.from(JSON.stringify(value)),
});
export const uniquePrefix = () => `up${randomBytes(4).toString('hex')}.`;
