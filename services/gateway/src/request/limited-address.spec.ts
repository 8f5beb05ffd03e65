import { expect, test } from '@jest/globals';
import { limitedAddress, limitedNetwork } from './limited-address.js';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:0:1::2', '2001:db8:0:1::/64'],
  ['2001:0DB8:0000:0001:ffff:1:2:3', '2001:db8:0:1::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['not an address', 'not an address'],
])('%s counts as %s', (ip, counted) => {
  expect(limitedAddress(ip)).toBe(counted);
});

test.each([
  ['192.0.2.77', '192.0.2.0/24'],
  ['::ffff:192.0.2.1', '192.0.2.0/24'],
  ['2001:db8:0:1::2', '2001:db8:0:1::/64'],
  ['not an address', 'not an address'],
])('%s is of the network %s', (ip, network) => {
  expect(limitedNetwork(ip)).toBe(network);
});
