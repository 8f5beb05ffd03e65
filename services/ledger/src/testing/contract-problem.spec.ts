import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { ROOT } from '@subledger/service-kit/installed-services';
import { contractProblem } from './contract-problem.js';

const examples = JSON.parse(
  readFileSync(join(ROOT, 'packages/contracts/examples/points.events.v1.json'), 'utf8'),
) as Record<string, { data: { mainAccountId: string } }>;
const charged = examples['subledger.message.charged.v1'] as (typeof examples)[string];
const problem = (json: unknown, topic: string = TOPICS.events, key: string = charged.data.mainAccountId) =>
  contractProblem({ topic, key, value: json === null ? null : Buffer.from(JSON.stringify(json)) });

describe('what the ledger publishes', () => {
  it.each(Object.entries(examples))('keeps its contract: %s', (_type, event) => {
    expect(problem(event)).toBeNull();
  });

  it('breaks it if a reader would dead-letter it', () => {
    const ofYearZero = { ...charged, data: { ...charged.data, period: '-000001-12' } };
    expect(problem(ofYearZero)).toContain('must be a month');
    expect(problem({ ...charged, type: 'subledger.points.invented.v1' })).toContain('no contract');
    expect(problem(charged, TOPICS.events, 'ma_other')).toContain('the key is');
    expect(problem({ subAccountId: 'sa_1' }, TOPICS.limits, 'sa_1')).toContain('limits');
    expect(problem({ reason: 'empty' }, TOPICS.deadLetters)).toContain('deadletters');
  });

  it('is a tombstone only among limits', () => {
    expect(problem(null, TOPICS.limits)).toBeNull();
    expect(problem(null)).not.toBeNull();
  });
});
