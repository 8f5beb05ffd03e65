import { describe, expect, test } from '@jest/globals';
import { isAllowedAddress } from './allowed-address.js';
import { problemOfUrl } from './webhook-url.js';

const ADDRESS = 'must lead to a public address';
const open = { requireHttps: false, allowPrivate: false };

/** Addresses by when webhooks may lead there: `private` where that is allowed. */
const ADDRESSES: [string, 'public' | 'private' | 'never'][] = [
  ['8.8.8.8', 'public'],
  ['1.1.1.1', 'public'],
  ['172.15.255.255', 'public'],
  ['172.32.0.0', 'public'],
  ['100.63.255.255', 'public'],
  ['100.128.0.0', 'public'],
  ['2606:4700:4700::1111', 'public'],
  ['2a00:1450:4001::1', 'public'],
  ['0.0.0.0', 'never'],
  ['0.1.2.3', 'never'],
  ['10.0.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['100.100.100.200', 'never'],
  ['127.0.0.1', 'private'],
  ['127.255.255.254', 'private'],
  ['168.63.129.16', 'never'],
  ['169.254.169.254', 'never'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.192', 'never'],
  ['192.0.2.1', 'never'],
  ['192.168.1.1', 'private'],
  ['198.18.0.1', 'never'],
  ['198.51.100.1', 'never'],
  ['203.0.113.1', 'never'],
  ['224.0.0.1', 'never'],
  ['239.255.255.255', 'never'],
  ['240.0.0.1', 'never'],
  ['255.255.255.255', 'never'],
  ['::', 'never'],
  ['::1', 'private'],
  ['::127.0.0.1', 'never'],
  ['::ffff:127.0.0.1', 'never'],
  ['::ffff:8.8.8.8', 'never'],
  ['::ffff:0:127.0.0.1', 'never'],
  ['64:ff9b::7f00:1', 'never'],
  ['64:ff9b:1::7f00:1', 'never'],
  ['100::1', 'never'],
  ['2001::1', 'never'],
  ['2001:db8::1', 'never'],
  ['2002:7f00:1::', 'never'],
  ['3fff::1', 'never'],
  ['4000::1', 'never'],
  ['5f00::1', 'never'],
  ['fc00::1', 'private'],
  ['fd00:ec2::254', 'never'],
  ['fe80::1', 'never'],
  ['fec0::1', 'never'],
  ['ff02::1', 'never'],
];

test.each(ADDRESSES)('%s: %s', (address, when) => {
  const host = address.includes(':') ? `[${address}]` : address;
  for (const allowPrivate of [false, true]) {
    const isAllowed = when === 'public' || (when === 'private' && allowPrivate);
    expect(isAllowedAddress(address, allowPrivate)).toBe(isAllowed);
    const problem = problemOfUrl(`http://${host}/hook`, { ...open, allowPrivate });
    expect(problem).toBe(isAllowed ? undefined : ADDRESS);
  }
});

describe('the URL of a webhook', () => {
  test.each([
    ['https://hooks.example.com', undefined],
    ['https://hooks.example.com:8443/a/b?c=d', undefined],
    ['http://hooks.example.com/', undefined],
    ['HTTPS://Hooks.Example.com/', undefined],
    ['https://日本.example.jp/', undefined],
    ['ftp://example.com', 'must begin with https:// or http://'],
    ['file:///etc/passwd', 'must begin with https:// or http://'],
    ['javascript:alert(1)', 'must begin with https:// or http://'],
    ['hooks.example.com', 'must be a URL'],
    ['https://', 'must be a URL'],
    ['https://exa mple.com', 'must be a URL'],
    [' https://example.com', 'must be a URL'],
    ['https://example.com\\@127.0.0.1', 'must be a URL'],
    ['https://example.com:99999', 'must be a URL'],
    ['https://user@example.com', 'must not have a user name or password'],
    ['https://user:word@example.com', 'must not have a user name or password'],
    ['https://8.8.8.8@127.0.0.1/', 'must not have a user name or password'],
    ['https://example.com/#part', 'must not have a fragment'],
    ['https://localhost/', ADDRESS],
    ['https://LOCALHOST./', ADDRESS],
    ['https://a.localhost/', ADDRESS],
    ['https://127.1/', ADDRESS],
    ['https://127.0.0.1./', ADDRESS],
    ['https://2130706433/', ADDRESS],
    ['https://0x7f000001/', ADDRESS],
    ['https://0177.0.0.1/', ADDRESS],
    ['https://１２７.0.0.1/', ADDRESS],
    ['https://[::ffff:7f00:1]/', ADDRESS],
  ])('%p: %p', (url, problem) => {
    expect(problemOfUrl(url, open)).toBe(problem);
  });

  test('in production it is https', () => {
    const production = { ...open, requireHttps: true };
    expect(problemOfUrl('http://example.com', production)).toBe('must begin with https://');
    expect(problemOfUrl('https://example.com', production)).toBeUndefined();
  });
});
