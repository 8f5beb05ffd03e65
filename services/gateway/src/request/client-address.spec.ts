import { expect, test } from '@jest/globals';
import { clientAddress } from './client-address.js';

test.each<[string, string[], string]>([
  ['the connection’s own', ['127.0.0.1'], '127.0.0.1'],
  ['what the proxy forwards', ['127.0.0.1', '192.0.2.7'], '192.0.2.7'],
  ['with a port', ['127.0.0.1', '192.0.2.7:4711'], '192.0.2.7'],
  ['IPv6 with a port', ['::1', '[2001:db8::1]:4711'], '2001:db8::1'],
  ['IPv6', ['::1', '2001:db8::1'], '2001:db8::1'],
  ['a name', ['127.0.0.1', 'unknown'], '127.0.0.1'],
  ['a script, behind two proxies', ['127.0.0.1', '10.0.0.2', '<script>'], '10.0.0.2'],
  ['nothing', ['127.0.0.1', ''], '127.0.0.1'],
])('%s', (_what, ips, address) => {
  expect(clientAddress({ ip: ips.at(-1) ?? '', ips })).toBe(address);
});

test('without trusted proxies there is no chain', () => {
  expect(clientAddress({ ip: '192.0.2.1' })).toBe('192.0.2.1');
});
