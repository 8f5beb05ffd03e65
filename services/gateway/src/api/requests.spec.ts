import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES, ERROR_HELP, ERRORS, ROUTE_IDS, ROUTES } from '@subledger/contracts';
import { formatPoints, parsePoints } from '@subledger/core';
import { decodeCursor, encodeCursor } from '../database/cursor.js';
import { canonicalJson, claimOf, openAnswer, sealAnswer } from '../request/idempotency.js';
import { ProblemError, problemBody } from '../request/problem.js';
import { errorPage } from './docs-page.js';
import { openApiDocument } from './openapi.js';

describe('problems', () => {
  test.each(ERROR_CODES)('%s has status, title, and a detail that says what to do', (code) => {
    const body = problemBody(code, {}, 'https://api.example');
    expect(body).toMatchObject({ code, status: ERRORS[code].status, title: ERRORS[code].title });
    expect(body.type).toBe(`https://api.example/docs/errors/${code}`);
    const { happened, lost, next } = ERROR_HELP[code];
    for (const part of [happened, lost, next]) expect(body.detail).toContain(part);
    expect(errorPage(code).html).toContain(ERRORS[code].title);
  });

  test('figures of a refusal are in fields and text, and absent ones are left out', () => {
    const body = problemBody('insufficient-main-balance', { needed: '3', available: undefined }, '');
    expect(body.needed).toBe('3');
    expect('available' in body).toBe(false);
    expect(body.detail).toContain('needed 3');
  });
});

describe('points', () => {
  test.each([
    ['0', 0n],
    ['1.2', 1200n],
    ['-0.001', -1n],
    ['9999999999999999.999', 9999999999999999999n],
    ['-12.5', -12500n],
  ])('%s is %d millipoints and back', (text, value) => {
    expect(parsePoints(text)).toBe(value);
    expect(formatPoints(value)).toBe(text);
  });
});

describe('cursors', () => {
  test('come back, for their own list only', () => {
    const cursor = encodeCursor({ list: 'a', keys: ['x', 'y'] });
    expect(decodeCursor(cursor, 'a', 2)).toEqual(['x', 'y']);
    expect(() => decodeCursor(cursor, 'b', 2)).toThrow(ProblemError);
    expect(() => decodeCursor(cursor, 'a', 1)).toThrow(ProblemError);
    expect(() => decodeCursor('bm9uc2Vuc2U', 'a', 1)).toThrow(ProblemError);
    expect(() => decodeCursor(encodeCursor({ list: 'a', keys: ['\u0000'] }), 'a', 1)).toThrow(ProblemError);
  });
});

describe('idempotency', () => {
  const caller = { credentialId: 'ak_1', secret: 'one' };
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

  test('the order of fields and absent ones are no content', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    const claim = (content: unknown) => hex(claimOf(caller, 'r', 'k', content).requestHash);
    expect(claim({ a: 1, b: 2 })).toBe(claim({ b: 2, a: 1 }));
    expect(claim({ a: 1 })).not.toBe(claim({ a: '1' }));
  });

  test('hashes of another caller differ, so they cannot be compared', () => {
    const [mine, theirs] = [caller, { ...caller, secret: 'two' }].map((one) =>
      claimOf(one, 'r', 'k', { p: 1 }),
    );
    expect(hex(mine!.requestHash)).not.toBe(hex(theirs!.requestHash));
    const sealed = sealAnswer({ status: 201, body: { key: 'secret' } }, mine!.sealingKey);
    expect(openAnswer(sealed, mine!.sealingKey)).toEqual({ status: 201, body: { key: 'secret' } });
    expect(() => openAnswer(sealed, theirs!.sealingKey)).toThrow();
  });
});

describe('documents', () => {
  test('the committed OpenAPI document is that of the route table (npm run generate:openapi -w services/gateway)', async () => {
    const committed = await readFile(new URL('../../openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  test('every route is in the document and on the page', () => {
    const document = openApiDocument();
    const ids = Object.values(document.paths ?? {}).flatMap((path) =>
      Object.values(path as object).map((operation) => (operation as { operationId?: string }).operationId),
    );
    expect(ids.sort()).toEqual([...ROUTE_IDS].sort());
  });

  test('no route is there twice', () => {
    const keys = ROUTE_IDS.map((id) => `${ROUTES[id].method} ${ROUTES[id].path}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
