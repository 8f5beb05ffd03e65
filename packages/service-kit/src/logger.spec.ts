import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { isSensitiveName } from './redaction.js';

function capture(level: 'info' | 'trace' = 'info') {
  const lines: string[] = [];
  const log = createLogger({
    service: 'test',
    level,
    stream: { write: (line: string) => void lines.push(line) },
  });
  return { log, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('createLogger', () => {
  it('writes one JSON object a line', () => {
    const { log, last } = capture();
    log.info({ mainAccountId: 'ma_1', count: 3n }, 'rolled');
    expect(last()).toMatchObject({
      level: 'info',
      service: 'test',
      msg: 'rolled',
      mainAccountId: 'ma_1',
      count: '3',
    });
    expect(Date.parse(last().time)).not.toBeNaN();
  });

  it.each([
    'password',
    'newPassword',
    'apiKey',
    'x-api-key',
    'key',
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'csrfToken',
    'sessionToken',
    'clientSecret',
    'content',
    'recipient',
    'passwordHash',
    'private_key',
  ])('redacts %s at any depth', (name) => {
    const { log, text } = capture();
    log.info(
      { [name]: 'hunter2', a: { [name]: 'hunter2', list: [{ b: { c: { [name]: ['hunter2'] } } }] } },
      'x',
    );
    log.child({ request: { [name]: 'hunter2' } }).warn('y');
    expect(text()).not.toContain('hunter2');
    expect(text()).toContain('[redacted]');
  });

  it.each(['contentType', 'monkey', 'keyCount', 'mainAccountId', 'partition', 'tokensUsedCount'])(
    'leaves %s alone',
    (name) => {
      expect(isSensitiveName(name)).toBe(false);
    },
  );

  it('redacts inside errors, their causes and their fields', () => {
    const { log, text, last } = capture();
    const cause = Object.assign(new Error('connect postgresql://app:hunter2@db:5432/x failed'), {
      password: 'hunter2',
    });
    log.error(
      { err: Object.assign(new Error('boom', { cause }), { headers: { authorization: 'hunter2' } }) },
      'failed',
    );
    expect(text()).not.toContain('hunter2');
    expect(last().err).toMatchObject({ type: 'Error', message: 'boom' });
    expect(last().err.cause.message).toContain('postgresql://[redacted]@db:5432/x');
  });

  it('redacts an error logged alone', () => {
    const { log, text, last } = capture();
    log.error(Object.assign(new Error('boom'), { secret: 'hunter2' }));
    expect(text()).not.toContain('hunter2');
    expect(last().msg).toBe('boom');
  });

  it('scrubs credentials in messages', () => {
    const { log, text } = capture();
    log.info('using %s', 'postgresql://app:hunter2@db/x');
    log.info('Authorization: Bearer hunter2hunter2');
    expect(text()).not.toContain('hunter2');
  });

  it('survives circular, deep and binary values', () => {
    const { log, last } = capture();
    const circular: Record<string, unknown> = {
      buffer: Buffer.from('hunter2'),
      map: new Map([['password', 'hunter2']]),
    };
    circular.self = circular;
    log.info({ circular }, 'x');
    expect(last().circular).toEqual({
      buffer: '[7 bytes]',
      map: { password: '[redacted]' },
      self: '[circular]',
    });
  });
});

describe('NestLogger', () => {
  it('takes Nest’s parameters apart', () => {
    const { log, last } = capture('trace');
    const nest = new NestLogger(log);
    nest.log('Nest application successfully started', 'NestApplication');
    expect(last()).toMatchObject({ level: 'debug', context: 'NestApplication' });
    nest.error('boom', 'Error: boom\n    at x', 'ExceptionsHandler');
    expect(last()).toMatchObject({
      level: 'error',
      msg: 'boom',
      context: 'ExceptionsHandler',
      stack: 'Error: boom\n    at x',
    });
    nest.error(new Error('bang'));
    expect(last()).toMatchObject({ level: 'error', msg: 'bang', err: { message: 'bang' } });
    nest.warn({ password: 'hunter2', sub: 1 });
    expect(last()).toMatchObject({ level: 'warn', password: '[redacted]', sub: 1 });
  });
});
