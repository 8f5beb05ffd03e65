import { expect, test } from '@jest/globals';
import { composeGaps } from '@subledger/testing';
import { gatewayConfig } from './config.js';

test('every variable can be set where the gateway runs in containers', () => {
  expect(composeGaps('gateway', Object.keys(gatewayConfig.shape))).toEqual({
    notPassed: [],
    unknown: [],
    notInExample: [],
  });
});
