import { describe, expect, it } from '@jest/globals';
import { isShown, readLogLine } from './start-log-line.js';

describe('readLogLine', () => {
  it.each([
    [
      '{"level":"warn","time":"t","service":"ledger","lane":3,"msg":"behind"}',
      'warn',
      'WARN behind (lane=3)',
    ],
    ['{"level":50,"msg":"lost","err":{"message":"no route"}}', 'error', 'ERROR lost: no route'],
    ['{"half', undefined, '{"half'],
    ['{"no":"level"}', undefined, '{"no":"level"}'],
    ['Error: boom', undefined, 'Error: boom'],
  ])('reads %s', (line, level, text) => {
    const read = readLogLine(line);
    expect([read.level, read.text]).toEqual([level, text]);
  });
});

describe('isShown', () => {
  it('hides what is below, and shows what has no level', () => {
    expect(isShown({ level: 'info', text: '' }, 'warn')).toBe(false);
    expect(isShown({ level: 'warn', text: '' }, 'warn')).toBe(true);
    expect(isShown({ text: 'Error: boom' }, 'fatal')).toBe(true);
  });
});
