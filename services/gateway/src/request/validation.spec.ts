import { describe, expect, test } from '@jest/globals';
import { type FieldError, ROUTE_IDS, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProblemError } from './problem.js';
import { parseRequest } from './validation.js';

type Fields = Readonly<Record<string, z.ZodType>>;
interface Given {
  readonly query?: unknown;
  readonly body?: unknown;
}

const ID = '019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11';
/** Ids that fit every path. */
const PARAMS: Readonly<Record<string, string>> = {
  id: `ma_${ID}`,
  sub: `sa_${ID}`,
  key: `ak_${ID}`,
  period: '2026-11',
  messageId: 'msg-0001',
  webhook: `wh_${ID}`,
  delivery: `whd_${ID}`,
};
const paramsOf = (route: RouteDefinition) => {
  const names = Object.keys((route.params as z.ZodObject | undefined)?.shape ?? {});
  return Object.fromEntries(names.map((name) => [name, PARAMS[name] ?? `${name}_${ID}`]));
};

function errorsOf(routeId: RouteId, { query = {}, body }: Given): FieldError[] {
  const params = paramsOf(ROUTES[routeId]);
  const request = { params, query, body, headers: {}, ip: '192.0.2.1', id: 'req_1' };
  try {
    parseRequest(routeId, request as unknown as FastifyRequest, undefined);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'validation-failed') throw error;
    return [...(error.fields.errors ?? [])];
  }
}
const parsed = (routeId: RouteId, query: object) => {
  const request = { params: paramsOf(ROUTES[routeId]), query, headers: {}, ip: '192.0.2.1', id: 'req_1' };
  const asked: { query: unknown } = parseRequest(routeId, request as unknown as FastifyRequest, undefined);
  return asked.query as Record<string, unknown>;
};

const shapesOf = (schema: z.ZodType | undefined): Fields[] => {
  if (schema instanceof z.ZodObject) return [schema.shape as Fields];
  return schema instanceof z.ZodUnion ? (schema.options as z.ZodType[]).flatMap(shapesOf) : [];
};
const QUERIES = ROUTE_IDS.flatMap((id) =>
  shapesOf((ROUTES[id] as RouteDefinition).query).flatMap((shape) =>
    Object.keys(shape).map((name) => [id, name] as const),
  ),
);
const BODIES = ROUTE_IDS.flatMap((id) =>
  shapesOf((ROUTES[id] as RouteDefinition).body).flatMap((shape) =>
    Object.entries(shape).map(([name, field]) => [id, name, field, shape] as const),
  ),
);
/** With the least that makes a form of a union the closest one. */
const others = (shape: Fields, name: string) =>
  Object.fromEntries(Object.keys(shape).flatMap((each) => (each === name ? [] : [[each, 'x'.repeat(12)]])));

describe('a field that is not valid is named once, with what is wrong about it', () => {
  test('there are fields to look at', () => {
    expect([QUERIES.length > 50, BODIES.length > 35]).toEqual([true, true]);
  });

  test.each(QUERIES)('%s: %s twice in the query', (id, name) => {
    expect(errorsOf(id, { query: { [name]: ['a', 'b'] } })).toEqual([
      { path: name, message: 'must be given once' },
    ]);
  });

  test.each(BODIES)('%s: %s of a wrong type in the body', (id, name, field, shape) => {
    const wrong = [7, true, { a: 1 }, ['a', 7], null].filter((value) =>
      field.safeParse(value).error?.issues.some(({ path }) => path.length === 0),
    );
    expect(wrong.length).toBeGreaterThan(1);
    for (const value of wrong) {
      const errors = errorsOf(id, { body: { ...others(shape, name), [name]: value } });
      const own = errors.filter(({ path }) => path === name);
      const message = expect.stringMatching(/^must be (.*, not an? |one of |an ISO )/);
      expect([value, own]).toEqual([value, [{ path: name, message }]]);
    }
  });

  test.each(BODIES.filter(([, , field]) => !field.safeParse(undefined).success))(
    '%s: %s missing in the body',
    (id, name, _field, shape) => {
      const errors = errorsOf(id, { body: others(shape, name) }).filter(({ path }) => path === name);
      expect(errors).toEqual([{ path: name, message: 'is required' }]);
    },
  );

  test.each<[RouteId, object, string, RegExp]>([
    ['createPurchase', { points: '1,000' }, 'points', /such as "1200"/],
    ['createPurchase', { points: '1e3' }, 'points', /such as "1200"/],
    ['createPurchase', { points: '' }, 'points', /such as "1200"/],
    ['createPurchase', { points: '-1' }, 'points', /more than 0/],
    ['createPurchase', { points: '0' }, 'points', /more than 0/],
    ['createPurchase', { points: '1000000000000' }, 'points', /less than 1000000000000/],
    ['createPurchase', { points: 1000 }, 'points', /must be a string in quotes, not a number/],
    ['createAdjustment', { points: '-1,000', reason: 'x' }, 'points', /such as "1200"/],
    ['createAdjustment', { points: '0', reason: 'x' }, 'points', /not be 0/],
    ['patchMainAccount', { creditLimit: '1,000' }, 'creditLimit', /such as "1200"/],
    ['patchMainAccount', { creditLimit: '-5' }, 'creditLimit', /negative/],
    ['patchMainAccount', { name: '' }, 'name', /1/],
    ['patchMainAccount', { name: ' ' }, 'name', /blank/],
    ['patchMainAccount', { country: 'Japan' }, 'country', /"JP"/],
    ['patchMainAccount', { fundingPolicy: 'none' }, 'fundingPolicy', /must be one of full, partial/],
    ['patchSubAccount', { limit: '1,000' }, 'limit', /digits only/],
    ['patchSubAccount', { limit: '99999999999' }, 'limit', /at most/],
    ['patchSubAccount', { name: '' }, 'name', /1 to 64/],
    ['createApiKey', { name: 'x', scopes: ['read', 'all'] }, 'scopes.1', /must be one of read, write/],
    ['patchSubAccount', { senderNumbers: ['+815012345678', 7] }, 'senderNumbers.1', /not a number/],
  ])('%s %j', (id, body, path, message) => {
    expect(errorsOf(id, { body })).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  test('a body that is no object is said to be none', () => {
    expect(errorsOf('createPurchase', { body: [] })).toEqual([
      { path: '', message: 'must be an object, not a list' },
    ]);
  });
});

describe('a plus that a client did not encode comes as a blank', () => {
  test.each<[RouteId, string, string, string]>([
    ['listMessages', 'from', '2026-11-01T00:00:00 09:00', '2026-10-31T15:00:00.000Z'],
    ['listMessages', 'to', '2026-11-01T00:00:00.5 0530', ''],
    ['exportMessages', 'to', '2026-11-01T00:00:00 05:30', '2026-10-31T18:30:00.000Z'],
    ['listOwnMessages', 'from', '2026-11-01T00:00:00 09:00', '2026-10-31T15:00:00.000Z'],
    ['listAuditLog', 'from', '2026-11-01T00:00:00 09:00', '2026-10-31T15:00:00.000Z'],
    ['listAllAuditLog', 'to', '2026-11-01T00:00:00 09:00', '2026-10-31T15:00:00.000Z'],
    ['listMessages', 'recipient', ' 819000000001', '+819000000001'],
    ['listMessages', 'recipient', '090 1234 5678', '090 1234 5678'],
    ['listMessages', 'messageId', 'a b', 'a+b'],
    ['listAuditLog', 'actor', 'kita clinic', 'kita+clinic'],
    ['listSubAccounts', 'q', 'a b', 'a b'],
  ])('%s: %s=%s', (id, name, given, value) => {
    if (value === '') expect(errorsOf(id, { query: { [name]: given } })).toHaveLength(1);
    else expect(parsed(id, { [name]: given })[name]).toBe(value);
  });

  test('a date is taken, and means its first instant in the zone of the account', () => {
    expect(parsed('listMessages', { from: '2026-12-01' }).from).toBe('2026-12-01');
  });

  test.each(['2026-13-01', '2026-02-30', '2026-12-01T00:00:00', 'yesterday', '2026-12', '', '1'])(
    '%j is no instant, and the answer says what is one',
    (from) => {
      expect(errorsOf('listMessages', { query: { from } })).toEqual([
        { path: 'from', message: expect.stringContaining('2026-11-30T15:00:00Z') },
      ]);
    },
  );

  test('a text that cannot be stored is refused before any query', () => {
    for (const name of ['recipient', 'messageId'])
      expect(errorsOf('listMessages', { query: { [name]: 'a\u0000' } })).toHaveLength(1);
    expect(errorsOf('listAuditLog', { query: { actor: 'a\u0000' } })).toHaveLength(1);
  });
});
