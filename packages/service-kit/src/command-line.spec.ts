import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { messageOf, withDevStack } from './command-line.js';

describe('withDevStack', () => {
  const home = mkdtempSync(join(tmpdir(), 'command-line-'));
  const file = join(home, 'dev.json');
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('leaves an environment that says where the servers are', () => {
    const env = { DATABASE_URL: 'postgresql://db', KAFKA_BROKERS: 'b:1', SUBLEDGER_HOME: '/nowhere' };
    expect(withDevStack(env, '/')).toEqual(env);
  });

  it('says what to do where nothing is known', () => {
    expect(() => withDevStack({ SUBLEDGER_HOME: home }, '/')).toThrow(
      /npm start[\s\S]*DATABASE_URL and KAFKA_BROKERS/,
    );
    expect(() => withDevStack({}, home)).toThrow(join(home, '.subledger', 'dev.json'));
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

describe('messageOf', () => {
  it.each([
    [new Error('one'), 'one'],
    [new AggregateError([new Error('refused'), new Error('other')]), 'refused'],
    ['text', 'text'],
  ])('says what %p is', (error, text) => {
    expect(messageOf(error)).toBe(text);
  });
});
