import { expect, test } from '@jest/globals';
import { hasWholeHours } from './zone-offsets.js';

test.each([
  ['Asia/Tokyo', true],
  ['America/New_York', true],
  ['Etc/UTC', true],
  ['Asia/Kolkata', false],
  ['Asia/Kathmandu', false],
  // Summer time of half an hour.
  ['Australia/Lord_Howe', false],
])('%s: %s', (zone, expected) => {
  expect(hasWholeHours(zone)).toBe(expected);
});
