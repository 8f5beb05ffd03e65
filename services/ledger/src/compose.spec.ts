import { expect, test } from '@jest/globals';
import { composeGaps } from '@subledger/testing';
import { ledgerConfig } from './config.js';

test('every variable can be set where the ledger runs in containers', () => {
  expect(composeGaps('ledger', Object.keys(ledgerConfig.shape))).toEqual({
    notPassed: [],
    unknown: [],
    notInExample: [],
  });
});
