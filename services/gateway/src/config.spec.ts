import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '@subledger/service-kit';
import { gatewayConfig } from './config.js';

const proxiesOf = (text: string) =>
  loadConfig(gatewayConfig, {
    DATABASE_URL: 'postgresql://localhost/x',
    KAFKA_BROKERS: 'localhost:9092',
    TRUSTED_PROXIES: text,
  }).TRUSTED_PROXIES;

const nameServersOf = (text: string) =>
  loadConfig(gatewayConfig, {
    DATABASE_URL: 'postgresql://localhost/x',
    KAFKA_BROKERS: 'localhost:9092',
    WEBHOOK_NAME_SERVERS: text,
  }).WEBHOOK_NAME_SERVERS;

describe('WEBHOOK_NAME_SERVERS', () => {
  test.each([
    ['', undefined],
    ['10.0.0.2', ['10.0.0.2']],
    ['10.0.0.2:5353, ::1 ,[::1]:53', ['10.0.0.2:5353', '::1', '[::1]:53']],
  ])('%p is taken', (text, list) => {
    expect(nameServersOf(text)).toEqual(list);
  });

  test.each(['dns.example', '10.0.0.2:99999', '10.0.0.2,', '[10.0.0.2]:53'])(
    '%p is refused at the start',
    (text) => {
      expect(() => nameServersOf(text)).toThrow('WEBHOOK_NAME_SERVERS');
    },
  );
});

describe('TRUSTED_PROXIES', () => {
  test.each([
    ['', []],
    ['127.0.0.1', ['127.0.0.1']],
    ['10.0.0.0/8, ::1 ,2001:db8::/32', ['10.0.0.0/8', '::1', '2001:db8::/32']],
  ])('%p is taken', (text, list) => {
    expect(proxiesOf(text)).toEqual(list);
  });

  test.each(['yes', '10.0.0.0/33', '0.0.0.0/0', '10.0.0.0/8/8', '10.0.0.1,', 'proxy.example'])(
    '%p is refused at the start',
    (text) => {
      expect(() => proxiesOf(text)).toThrow('TRUSTED_PROXIES');
    },
  );
});
