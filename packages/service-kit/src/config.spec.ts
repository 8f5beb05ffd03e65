import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { baseConfig, DEVELOPMENT_DEAD_LETTER_KEY, flag, loadConfig, port } from './config.js';
import { ConfigError } from './config-error.js';
import { kafkaConfigFrom } from './kafka-config.js';
import { refuseUnsafeBase } from './plain-text-servers.js';
import { refuseDefaultBaseSecrets, refuseDefaultSecrets } from './secrets.js';

const schema = z.object(baseConfig);
const good = {
  DATABASE_URL: 'postgresql://app:s3cr3t-value@db:5432/subledger',
  KAFKA_BROKERS: 'a:9092, b:9093',
};

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('fills in defaults and reads lists', () => {
    expect(loadConfig(schema, good)).toMatchObject({
      NODE_ENV: 'development',
      LOG_LEVEL: 'info',
      KAFKA_BROKERS: ['a:9092', 'b:9093'],
      KAFKA_TOPIC_PREFIX: '',
      KAFKA_SSL: false,
      OPS_PORT: 0,
      OPS_HOST: '127.0.0.1',
      SHUTDOWN_TIMEOUT_MS: 20_000,
    });
  });

  it('takes an empty variable for one that is not set', () => {
    const config = loadConfig(schema, { ...good, LOG_LEVEL: '', KAFKA_SSL: ' ', OPS_PORT: '' });
    expect(config).toMatchObject({ LOG_LEVEL: 'info', KAFKA_SSL: false, OPS_PORT: 0 });
  });

  it.each([
    ['LOG_LEVEL', 'loud', 'fatal, error, warn'],
    ['NODE_ENV', 'prod', 'development, test or production'],
    ['DATABASE_URL', 'mysql://db', 'must be a postgresql:// URL'],
    ['DATABASE_URL', '', 'is missing: where PostgreSQL is'],
    ['KAFKA_BROKERS', 'localhost', 'must be a comma-separated list of host:port'],
    ['KAFKA_BROKERS', '', 'is missing: the Kafka brokers'],
    ['KAFKA_TOPIC_PREFIX', 'a b', 'letters, digits'],
    ['KAFKA_SSL', 'maybe', 'true or false'],
    ['OPS_PORT', '70000', '65535'],
    ['SHUTDOWN_TIMEOUT_MS', '-1', 'milliseconds'],
  ])('names %s=%j and what it should be', (name, value, text) => {
    const problems = problemsOf(() => loadConfig(schema, { ...good, [name]: value }));
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} .*${text}`))]);
  });

  it('lists every bad variable at once and prints no value', () => {
    const bad = {
      DATABASE_URL: 'mysql://root:hunter2@db',
      KAFKA_BROKERS: 'hunter2',
      LOG_LEVEL: 'hunter2',
      OPS_PORT: 'hunter2',
    };
    const problems = problemsOf(() => loadConfig(schema, bad));
    expect(problems).toHaveLength(4);
    expect(new ConfigError(problems).message).not.toContain('hunter2');
  });

  it('takes the variables of a service too', () => {
    const own = z.object({ ...baseConfig, GATEWAY_PORT: port.default(3000), DEMO: flag.default(true) });
    expect(loadConfig(own, { ...good, DEMO: '0' })).toMatchObject({ GATEWAY_PORT: 3000, DEMO: false });
  });
});

describe('kafkaConfigFrom', () => {
  it('connects in plain text by default', () => {
    expect(kafkaConfigFrom(loadConfig(schema, good), 'ledger')).toEqual({
      brokers: ['a:9092', 'b:9093'],
      clientId: 'ledger',
      topicPrefix: '',
    });
  });

  it('adds TLS and SASL', () => {
    const sasl = {
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 'p',
    };
    const config = loadConfig(schema, { ...good, ...sasl, KAFKA_SSL: 'true' });
    expect(kafkaConfigFrom(config, 'ledger')).toMatchObject({
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
    });
  });

  it('refuses half a SASL configuration', () => {
    const config = loadConfig(schema, { ...good, KAFKA_SASL_USERNAME: 'u' });
    expect(problemsOf(() => kafkaConfigFrom(config, 'ledger'))).toEqual([
      expect.stringContaining('KAFKA_SASL_MECHANISM is missing'),
      expect.stringContaining('KAFKA_SASL_PASSWORD is missing'),
    ]);
  });

  it('names the CA file that it cannot read', () => {
    const config = loadConfig(schema, { ...good, KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: '/nowhere/ca.pem' });
    expect(problemsOf(() => kafkaConfigFrom(config, 'ledger'))).toEqual([expect.stringContaining('ENOENT')]);
  });
});

const DEAD_LETTER_KEY = 'w5Nc8-Tf2Hy6Jd0Kp4Rs9Vb3Xg7Zm1Lq';

describe('refuseDefaultSecrets', () => {
  it.each([
    ['', 'must be set'],
    [undefined, 'must be set'],
    ['ChangeMe', 'default or well-known'],
    ['our-dev-secret', 'default or well-known'],
    ['short', 'at least 8 characters'],
    ['h7Gq2-long-enough', undefined],
  ])('in production answers %j', (value, text) => {
    const rules = { minLength: 8, defaults: ['our-dev-secret'] };
    const problems = problemsOf(() => refuseDefaultSecrets('production', { SESSION_SECRET: value }, rules));
    expect(problems).toEqual(text ? [expect.stringMatching(`^SESSION_SECRET .*${text}`)] : []);
  });

  it('lets development have them', () => {
    expect(problemsOf(() => refuseDefaultSecrets('development', { SESSION_SECRET: '' }))).toEqual([]);
  });

  it.each([
    ['postgresql://postgres:postgres@db/x', 1],
    ['postgresql://app@db/x', 0],
    ['postgresql://app:Vq8-1kd0@db/x', 0],
  ])('looks at the password in %s', (DATABASE_URL, count) => {
    const run = () => refuseDefaultBaseSecrets({ NODE_ENV: 'production', DATABASE_URL, DEAD_LETTER_KEY });
    expect(problemsOf(run)).toHaveLength(count);
  });

  it.each([
    [DEVELOPMENT_DEAD_LETTER_KEY, 'default or well-known'],
    ['twenty-characters-of-', 'at least 32 characters'],
    [undefined, 'must be set'],
  ])('does not let dead letters be sealed with %s in production', (key, text) => {
    const run = () => refuseDefaultBaseSecrets({ ...good, NODE_ENV: 'production', DEAD_LETTER_KEY: key });
    expect(problemsOf(run)).toEqual([expect.stringMatching(`^DEAD_LETTER_KEY .*${text}`)]);
  });
});

describe('refuseUnsafeBase', () => {
  const safe = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgresql://app:Vq8-1kd0@db/x?sslmode=verify-full',
    KAFKA_SSL: true,
    DEAD_LETTER_KEY,
    ALLOW_INSECURE_KAFKA: false,
    ALLOW_INSECURE_DATABASE: false,
  };
  const url = (parameters: string) => ({ DATABASE_URL: `postgresql://app:Vq8-1kd0@db/x${parameters}` });
  it.each<[string, object, string[]]>([
    ['TLS to both', {}, []],
    ['plain-text Kafka', { KAFKA_SSL: false }, ['KAFKA_SSL']],
    [
      'plain-text Kafka with a password',
      { KAFKA_SSL: false, KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_PASSWORD: 'Vq8-1kd0' },
      ['KAFKA_SSL'],
    ],
    ['plain-text Kafka that is allowed', { KAFKA_SSL: false, ALLOW_INSECURE_KAFKA: true }, []],
    ['a database URL without a word', url(''), ['DATABASE_URL']],
    ['a database without TLS', url('?sslmode=disable'), ['DATABASE_URL']],
    ['a database with TLS if it likes', url('?sslmode=prefer'), ['DATABASE_URL']],
    ['a database whose certificate nobody checks', url('?sslmode=no-verify'), ['DATABASE_URL']],
    ['a database with TLS', url('?sslmode=require'), []],
    ['a database with TLS in the other way', url('?ssl=true'), []],
    ['a database on a socket', { DATABASE_URL: 'postgresql:///x?host=/var/run/postgresql' }, []],
    ['a plain-text database that is allowed', { ...url(''), ALLOW_INSECURE_DATABASE: true }, []],
    [
      'all that is wrong, at once',
      { DATABASE_URL: 'postgresql://app:changeme@db/x', KAFKA_SSL: false },
      ['the password in DATABASE_URL', 'KAFKA_SSL', 'DATABASE_URL'],
    ],
    ['anything, elsewhere', { NODE_ENV: 'development', ...url(''), KAFKA_SSL: false }, []],
  ])('in production with %s', (_what, given, variables) => {
    const problems = problemsOf(() => refuseUnsafeBase({ ...safe, ...given }));
    expect(problems).toEqual(variables.map((name) => expect.stringMatching(`^${name} must`)));
    expect(problems.join()).not.toContain('Vq8');
  });
});
