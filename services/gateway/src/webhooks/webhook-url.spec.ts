import { describe, expect, test } from '@jest/globals';
import { isPublicAddress } from './public-address.js';
import { problemOfUrl } from './webhook-url.js';

const ADDRESS = 'must lead to a public address';
const open = { requireHttps: false, allowPrivate: false };

/** Addresses by whether webhooks may lead there. */
const ADDRESSES: [string, boolean][] = [
  ['8.8.8.8', true],
  ['1.1.1.1', true],
  ['172.15.255.255', true],
  ['172.32.0.0', true],
  ['100.63.255.255', true],
  ['100.128.0.0', true],
  ['2606:4700:4700::1111', true],
  ['2a00:1450:4001::1', true],
  ['0.0.0.0', false],
  ['0.1.2.3', false],
  ['10.0.0.1', false],
  ['100.64.0.1', false],
  ['100.100.100.200', false],
  ['127.0.0.1', false],
  ['127.255.255.254', false],
  ['168.63.129.16', false],
  ['169.254.169.254', false],
  ['172.16.0.1', false],
  ['172.31.255.255', false],
  ['192.0.0.192', false],
  ['192.0.2.1', false],
  ['192.168.1.1', false],
  ['198.18.0.1', false],
  ['198.51.100.1', false],
  ['203.0.113.1', false],
  ['224.0.0.1', false],
  ['239.255.255.255', false],
  ['240.0.0.1', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::127.0.0.1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:8.8.8.8', false],
  ['::ffff:0:127.0.0.1', false],
  ['64:ff9b::7f00:1', false],
  ['64:ff9b:1::7f00:1', false],
  ['100::1', false],
  ['2001::1', false],
  ['2001:db8::1', false],
  ['2002:7f00:1::', false],
  ['3fff::1', false],
  ['4000::1', false],
  ['5f00::1', false],
  ['fc00::1', false],
  ['fd00:ec2::254', false],
  ['fe80::1', false],
  ['fec0::1', false],
  ['ff02::1', false],
];

test.each(ADDRESSES)('%s is public: %p', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
  const host = address.includes(':') ? `[${address}]` : address;
  expect(problemOfUrl(`http://${host}/hook`, open)).toBe(isPublic ? undefined : ADDRESS);
  expect(problemOfUrl(`http://${host}/hook`, { ...open, allowPrivate: true })).toBeUndefined();
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
