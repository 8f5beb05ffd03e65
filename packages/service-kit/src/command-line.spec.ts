import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { explainFailure, UsageError, withDevStack } from './command-line.js';

describe('withDevStack', () => {
  const home = mkdtempSync(join(tmpdir(), 'command-line-'));
  const file = join(home, 'dev.json');
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('leaves an environment that has the servers’ addresses', () => {
    const env = { DATABASE_URL: 'postgresql://db', KAFKA_BROKERS: 'b:1', SUBLEDGER_HOME: '/nowhere' };
    expect(withDevStack(env, '/')).toEqual(env);
  });

  it('gives instructions if no address is known', () => {
    expect(() => withDevStack({ SUBLEDGER_HOME: home }, '/')).toThrow(
      /npm start[\s\S]*DATABASE_URL and KAFKA_BROKERS/,
    );
    expect(() => withDevStack({}, home)).toThrow(join(home, '.subledger', 'dev.json'));
  });

  it('asks for those addresses alone that the command needs', () => {
    const env = { DATABASE_URL: 'postgresql://db', SUBLEDGER_HOME: home };
    expect(withDevStack(env, '/', ['DATABASE_URL'])).toEqual(env);
    expect(() => withDevStack(env, '/')).toThrow(/^Where is Kafka\? .*no value of KAFKA_BROKERS/);
    expect(() => withDevStack(env, '/', ['KAFKA_BROKERS'])).toThrow(/^Where is Kafka\?/);
  });

  it.each([
    ['a1:9092', 'a1:9092'],
    [['a1:9092', 'a2:9092'], 'a1:9092,a2:9092'],
  ])('takes the running stack, its brokers as %j', (kafkaBrokers, expected) => {
    writeFileSync(file, JSON.stringify({ gatewayUrl: 'x', databaseUrl: 'postgresql://dev', kafkaBrokers }));
    expect(withDevStack({ SUBLEDGER_HOME: home }, '/')).toMatchObject({
      DATABASE_URL: 'postgresql://dev',
      KAFKA_BROKERS: expected,
    });
    expect(withDevStack({ SUBLEDGER_HOME: home, DATABASE_URL: 'postgresql://own' }, '/').DATABASE_URL).toBe(
      'postgresql://own',
    );
  });

  it.each(['{', '{}', '[]'])('refuses a file with %s', (content) => {
    writeFileSync(file, content);
    expect(() => withDevStack({ SUBLEDGER_HOME: home }, '/')).toThrow('is not what `npm start` writes');
  });
});

describe('explainFailure', () => {
  const kinds = {
    service: 'ledger',
    what: 'command',
    isDatabaseAway: (error: unknown) => error instanceof AggregateError,
    isKafkaAway: (error: unknown) => error instanceof RangeError,
    isWithoutTables: (error: unknown) => error instanceof SyntaxError,
  };
  it.each([
    [new UsageError('say which'), 2, 'say which'],
    [
      // Node has no message of its own for several refused addresses.
      new AggregateError([new Error('refused'), new Error('other')]),
      1,
      'PostgreSQL cannot be reached: refused\nIs it running (npm start), and is DATABASE_URL right?',
    ],
    [
      new RangeError('no broker'),
      1,
      'Kafka cannot be reached: no broker\nIs it running (npm start), and is KAFKA_BROKERS right?',
    ],
    [
      new SyntaxError('none'),
      1,
      'This database has no tables of the ledger. Run `npm run migrate` (npm start does it by itself).',
    ],
    [new Error('one'), 1, 'The command failed: one'],
    ['text', 1, 'The command failed: text'],
  ])('says what %p is', (error, code, text) => {
    expect(explainFailure(error, kinds)).toEqual([code, text]);
  });
});
