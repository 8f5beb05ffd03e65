import { describe, expect, test } from '@jest/globals';
import { createLogger, Registry } from '@subledger/service-kit';
import type pg from 'pg';
import { CustomerLimits } from '../request/customer-limits.js';
import { CsvDownloads, type CsvFile } from './csv-downloads.js';

const FILE: CsvFile = { columns: ['A'], reader: 'program', copy: 'COPY …', timeZone: 'UTC' };

/** Downloads from a database that does not answer until it is told to refuse. */
function downloads() {
  const metrics = new Registry();
  const log = createLogger({ service: 'spec', level: 'silent' });
  const waiting: ((error: Error) => void)[] = [];
  const connect = () => new Promise((_resolve, reject) => waiting.push(reject));
  const pool = { connect } as unknown as pg.Pool;
  const options = { max: 3, perMainAccount: 2, timeoutMs: 1_000 };
  const all = new CsvDownloads(pool, pool, options, new CustomerLimits(metrics, log), metrics, log);
  /** Begins one; its place is taken when this returns. */
  const open = (customer?: string) => {
    const opened = all.open(FILE, customer).then(
      () => 'open',
      (error: { code?: string }) => error.code ?? 'failed',
    );
    return opened;
  };
  const metric = async (name: string) => (await metrics.getSingleMetric(name)?.get())?.values ?? [];
  return {
    open,
    metric,
    fail: () => {
      for (const reject of waiting.splice(0)) reject(new Error('gone'));
    },
  };
}

describe('downloads', () => {
  test('of one customer leave places for others', async () => {
    const { open, metric, fail } = downloads();
    const first = [open('a'), open('a')];
    expect(await open('a')).toBe('too-many-requests');
    const other = open('b');
    expect(await open('b')).toBe('too-many-requests');
    expect(await metric('gateway_downloads')).toEqual([expect.objectContaining({ value: 3 })]);
    // Only the first refusal was for the customer's share.
    expect(await metric('gateway_customer_limit_refusals_total')).toEqual([
      expect.objectContaining({ labels: { limit: 'downloads' }, value: 1 }),
    ]);
    fail();
    expect(await Promise.all([...first, other])).toEqual(['failed', 'failed', 'failed']);
    expect(await metric('gateway_downloads')).toEqual([expect.objectContaining({ value: 0 })]);
  });

  test('of operators share all places', async () => {
    const { open, fail } = downloads();
    const three = [open(), open(), open()];
    expect(await open()).toBe('too-many-requests');
    fail();
    await Promise.all(three);
  });
});
