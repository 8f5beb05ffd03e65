import { describe, expect, test } from '@jest/globals';
import { isConnectionError, isTransientError, sqlState } from './connection-errors.js';

const coded = (code: string): Error => Object.assign(new Error('x'), { code });

/** As Prisma 7 throws what its driver was told. */
const prismaError = (code: string, originalCode: string): Error =>
  Object.assign(new Error('x'), {
    code,
    meta: {
      driverAdapterError: { name: 'DriverAdapterError', cause: { kind: 'postgres', originalCode } },
    },
  });

describe('isConnectionError', () => {
  test.each([
    ['refused', coded('ECONNREFUSED')],
    ['reset', coded('ECONNRESET')],
    ['class 08', coded('08006')],
    ['admin shutdown', coded('57P01')],
    ['starting up', coded('57P03')],
    ['idle in transaction', coded('25P03')],
    ['old primary', coded('25006')],
    ['pg, uncoded', new Error('Connection terminated unexpectedly')],
    ['pg-pool, uncoded', new Error('timeout exceeded when trying to connect')],
    ['client-side query timeout', new Error('Query read timeout')],
    ['a socket that is breaking', coded('ERR_STREAM_DESTROYED')],
    ['answers out of step', new Error('Received unexpected commandComplete message from backend.')],
    ['a pool that is closing', new Error('Cannot use a pool after calling end on the pool')],
    ['wrapped', new Error('outer', { cause: new Error('inner', { cause: coded('EPIPE') }) })],
    ['all addresses refused', new AggregateError([coded('ECONNREFUSED')])],
    ["Prisma's code", coded('P1017')],
    ["Prisma's adapter", new Error('x', { cause: { kind: 'ConnectionClosed' } })],
    ["Prisma's adapter, raw code", new Error('x', { cause: { kind: 'postgres', originalCode: '57P01' } })],
    ['Prisma, of a query of its own', prismaError('P2039', '57P02')],
    ['Prisma, of a raw query', prismaError('P2010', '53300')],
    ['any of the class', coded('08P01')],
    ['too many connections', coded('53300')],
  ])('%s', (_name, error) => {
    expect(isConnectionError(error)).toBe(true);
    expect(isTransientError(error)).toBe(true);
  });

  test.each([
    ['unique violation', coded('23505')],
    ['NUL in text', coded('22021')],
    ['statement timeout', coded('57014')],
    ['deadlock', coded('40P01')],
    ['Prisma: record not found', coded('P2025')],
    ['any error', new Error('boom')],
    ['no error at all', undefined],
    ['a text', 'Connection terminated'],
  ])('not: %s', (_name, error) => {
    expect(isConnectionError(error)).toBe(false);
  });

  test('ends on a cycle of causes', () => {
    const error: Error = new Error('a');
    error.cause = error;
    expect(isConnectionError(error)).toBe(false);
  });
});

test('isTransientError adds what a repeat may not meet again', () => {
  const states = ['40001', '40P01', '55P03', '57000', '57014', '53000', '53100', '53200', '53400', '58030'];
  for (const state of states)
    for (const error of [coded(state), prismaError('P2010', state)]) {
      expect(isTransientError(error)).toBe(true);
      expect(isConnectionError(error)).toBe(false);
    }
  expect(isTransientError(coded('P2034'))).toBe(true);
  for (const state of ['23505', '22021', '42P01', '22003']) {
    expect(isTransientError(coded(state))).toBe(false);
    expect(isTransientError(prismaError('P2010', state))).toBe(false);
  }
});

test('sqlState distinguishes PostgreSQL’s codes from other codes of five characters', () => {
  expect(sqlState(coded('23505'))).toBe('23505');
  expect(sqlState(coded('P1001'))).toBeUndefined();
  expect(sqlState(coded('P0001'))).toBe('P0001');
  expect(sqlState(coded('EPIPE'))).toBeUndefined();
  expect(sqlState(new Error('outer', { cause: coded('23505') }))).toBe('23505');
});
