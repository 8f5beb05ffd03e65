import {
  ERRORS,
  type ErrorCode,
  operationView,
  PROBLEM_MEDIA_TYPE,
  problem,
  type RouteDefinition,
} from '@subledger/contracts';
import type { oas31, ZodOpenApiResponsesObject } from 'zod-openapi';
import { type ProblemFields, problemBody } from '../request/problem.js';

const header = (
  description: string,
  example: string | number,
  more: { required?: boolean } = {},
): oas31.HeaderObject => ({
  description,
  ...more,
  schema: { type: typeof example === 'number' ? 'integer' : 'string', examples: [example] },
  example,
});

const SOME_MAIN = '/v1/main-accounts/ma_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11';
const SOME_OPERATION = 'op_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f33';

/** Headers of answers, by the names in the responses' references. */
export const ANSWER_HEADERS = {
  Location: header('Path of what was created', SOME_MAIN, { required: true }),
  OperationLocation: header('Path of the operation', `/v1/operations/${SOME_OPERATION}`, { required: true }),
  ETag: header('Stands for the settings, not for the counters', '"3"', { required: true }),
  IdempotentReplayed: header('“true” where this is the answer to the first request with the key', 'true'),
  SetCookie: header(
    'The session’s cookie; an empty one makes the browser forget it',
    '__Host-subledger_session=…; Path=/; HttpOnly; Secure; SameSite=Lax',
    { required: true },
  ),
  ContentDisposition: header('Name of the file', 'attachment; filename="messages.csv"', { required: true }),
  WWWAuthenticate: header('How to authenticate', 'Bearer realm="subledger"', { required: true }),
  RetryAfter: header('Seconds to wait before a repeat', 2, { required: true }),
  RateLimit: header(
    'Requests left, and seconds until the window ends; absent where none are counted',
    '"key";r=1999;t=60',
  ),
  RateLimitPolicy: header('Requests within a window of so many seconds', '"key";q=2000;w=60'),
} satisfies Record<string, oas31.HeaderObject>;

const to = (name: keyof typeof ANSWER_HEADERS): oas31.HeaderObject =>
  ({ $ref: `#/components/headers/${name}` }) as unknown as oas31.HeaderObject;
const LIMITS = { RateLimit: to('RateLimit'), 'RateLimit-Policy': to('RateLimitPolicy') };

/** Whether a repeat is recognized. It is not if there is no caller yet to whom a key could belong. */
export const takesIdempotencyKey = ({ method, open, session }: RouteDefinition): boolean =>
  method !== 'GET' && !open && !session;

const GOOD: Record<RouteDefinition['answer']['status'], string> = {
  200: 'It went well',
  201: 'It was created',
  204: 'It was done; there is no body',
};

/** The successful and accepted answers of the route. */
export function goodAnswers(route: RouteDefinition): ZodOpenApiResponsesObject {
  const { answer, command } = route;
  const replayed = takesIdempotencyKey(route) ? { 'Idempotent-Replayed': to('IdempotentReplayed') } : {};
  const mediaType = answer.mediaType ?? 'application/json';
  return {
    [answer.status]: {
      description: GOOD[answer.status],
      headers: {
        ...(answer.status === 201 ? { Location: to('Location') } : {}),
        ...(answer.etag ? { ETag: to('ETag') } : {}),
        ...(answer.setsCookie ? { 'Set-Cookie': to('SetCookie') } : {}),
        ...(mediaType.startsWith('text/csv') ? { 'Content-Disposition': to('ContentDisposition') } : {}),
        ...replayed,
        ...LIMITS,
      },
      ...(answer.schema ? { content: { [mediaType]: { schema: answer.schema } } } : {}),
    },
    ...(command
      ? {
          202: {
            description: 'Accepted and safe, but the outcome is not there yet: read it at Location',
            headers: {
              Location: to('OperationLocation'),
              'Retry-After': to('RetryAfter'),
              ...replayed,
              ...LIMITS,
            },
            content: { 'application/json': { schema: operationView, example: PENDING } },
          },
        }
      : {}),
  };
}

const PENDING = {
  id: SOME_OPERATION,
  status: 'pending',
  action: 'createSubAccount',
  mainAccountId: 'ma_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11',
  subAccountId: null,
  resource: null,
  createdAt: '2026-11-23T09:00:00Z',
  finishedAt: null,
  problem: null,
};

/** Refusals by status, each with an example of every possible code. */
export function badAnswers(route: RouteDefinition): ZodOpenApiResponsesObject {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codesOf(route))
    byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('. '),
        headers: {
          ...(status === 401 ? { 'WWW-Authenticate': to('WWWAuthenticate') } : {}),
          ...(status === 429 || status === 503 ? { 'Retry-After': to('RetryAfter') } : {}),
          ...LIMITS,
        },
        content: {
          [PROBLEM_MEDIA_TYPE]: {
            schema: problem,
            examples: Object.fromEntries(
              codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      },
    ]),
  );
}

/** Codes with which the route may be refused, in the order of the document. */
export function codesOf(route: RouteDefinition): Set<ErrorCode> {
  const takesKey = takesIdempotencyKey(route);
  const isAboutMain = route.path.includes('{id}');
  const where = (condition: boolean | undefined, ...codes: ErrorCode[]) => (condition ? codes : []);
  return new Set([
    'malformed-request',
    ...where(!route.open, 'unauthorized', 'forbidden'),
    ...where(route.params !== undefined, 'not-found'),
    ...where(route.ifMatch, 'precondition-failed'),
    ...where(route.method !== 'GET', 'payload-too-large', 'unsupported-media-type'),
    ...where(takesKey, 'idempotency-conflict'),
    'validation-failed',
    ...where(takesKey && !route.command, 'operation-in-progress'),
    ...where(route.command && isAboutMain, 'main-account-not-found'),
    ...where(route.command && route.path.includes('{sub}'), 'sub-account-not-found'),
    ...where(route.command, 'invalid-command'),
    ...(route.conflicts ?? []),
    'too-many-requests',
    'internal-error',
    'service-unavailable',
  ] satisfies ErrorCode[]);
}

const FIGURES: Partial<Record<ErrorCode, ProblemFields>> = {
  'validation-failed': { errors: [{ path: 'limit', message: 'is required' }] },
  'insufficient-main-balance': { needed: '9500', available: '9000' },
  'balance-due': { needed: '500', available: '-120.5' },
  'limit-exceeded': { remaining: '0.8' },
  'sub-accounts-active': { blockers: ['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22'], blockerCount: 1 },
};

/** A problem of each code that a route has, with its figures. */
export const problemExamples = (routes: readonly RouteDefinition[]): Record<string, oas31.ExampleObject> =>
  Object.fromEntries(
    [...new Set(routes.flatMap((route) => [...codesOf(route)]))].sort().map((code) => [
      code,
      {
        summary: ERRORS[code].title,
        value: problemBody(
          code,
          FIGURES[code] ?? {},
          'https://points.example',
          'req_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f44',
        ),
      },
    ]),
  );
