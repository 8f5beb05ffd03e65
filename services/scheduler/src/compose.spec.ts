import { expect, test } from '@jest/globals';
import { composeGaps } from '@subledger/testing';
import { schedulerConfig } from './config.js';

test('every variable can be set where the scheduler runs in containers', () => {
  expect(composeGaps('scheduler', Object.keys(schedulerConfig.shape))).toEqual({
    notPassed: [],
    unknown: [],
    notInExample: [],
  });
});
