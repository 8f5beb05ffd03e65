import { type FieldError, foreignId, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { claimOf } from './idempotency.js';
import type { Principal } from './principal.js';
import { ProblemError } from './problem.js';
import { originOf } from './request-origin.js';
import type { ValidatedRequest } from './validated-request.js';

/** Maximum fields in one answer: a body with a thousand errors needs no thousand messages. */
const MAX_ERRORS = 100;

/**
 * Validates parameters, query, body and headers of a request by its row of the route table.
 *
 *
 * @throws ProblemError `not-found` for an impossible id, otherwise `validation-failed` with every invalid field
 */
export function parseRequest(
  routeId: RouteId,
  request: FastifyRequest,
  principal: Principal | undefined,
): ValidatedRequest {
  const route: RouteDefinition = ROUTES[routeId];
  const errors: FieldError[] = [];
  const params = route.params?.safeParse(request.params);
  if (params && !params.success) throw ProblemError.notFound();
  const query =
    parsePart('query', route.query, request.query, errors) ?? emptyPart(route.query, request.query, errors);
  const body =
    parsePart('body', route.body, request.body, errors) ?? emptyPart(route.body, request.body, errors);
  const idempotencyKey = single(request.headers['idempotency-key']);
  if (idempotencyKey !== undefined) {
    const key = foreignId.safeParse(idempotencyKey);
    if (!key.success) errors.push({ path: 'Idempotency-Key', message: messageOf(key.error) });
  }
  if (errors.length > 0) throw ProblemError.invalid(errors.slice(0, MAX_ERRORS));
  const content = { params: params?.data, body };
  return {
    routeId,
    principal,
    origin: originOf(request),
    claim:
      idempotencyKey === undefined || principal === undefined || route.method === 'GET' || route.session
        ? undefined
        : claimOf(principal, routeId, idempotencyKey, content),
    ifMatch: route.ifMatch ? entityTags(single(request.headers['if-match'])) : undefined,
    params: params?.data,
    query,
    body,
  } as ValidatedRequest;
}

type Part = 'query' | 'body';

function parsePart(part: Part, schema: z.ZodType | undefined, value: unknown, errors: FieldError[]): unknown {
  if (!schema) return undefined;
  // A missing body counts as an empty object, so that the answer names its fields.
  const result = schema.safeParse(value ?? {}, { reportInput: true });
  if (result.success) return result.data;
  errors.push(...fieldErrors(result.error, part));
  return undefined;
}

/** Refuses a part that the route does not accept, like an unknown field. */
function emptyPart(schema: z.ZodType | undefined, value: unknown, errors: FieldError[]): undefined {
  if (schema || value === undefined || value === null) return;
  const isObject = typeof value === 'object' && !Array.isArray(value);
  if (!isObject) errors.push({ path: '', message: 'takes no body' });
  else for (const name of Object.keys(value)) errors.push({ path: name, message: 'is not a known field' });
}

/** One entry per field. Unknown fields have their own names. */
function fieldErrors(error: Pick<z.ZodError, 'issues'>, part: Part): FieldError[] {
  // If the type is wrong, other errors of the field (such as its length) are left out.
  const ofWrongType = new Set(
    error.issues.flatMap(({ code, path }) => (code === 'invalid_type' ? [path.join('.')] : [])),
  );
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'invalid_type' && ofWrongType.has(path.join('.'))) return [];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
    }
    if (issue.code === 'invalid_union') return unionErrors(issue, part);
    return [{ path: path.join('.'), message: plain(issue, part) }];
  });
}

/** If a body may have several forms, the closest one is chosen, and its missing fields are named. */
function unionErrors({ path, errors }: z.core.$ZodIssueInvalidUnion, part: Part): FieldError[] {
  const [closest = []] = [...errors].sort((a, b) => a.length - b.length);
  const issues = closest.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  return fieldErrors({ issues }, part);
}

/** Keeps our own messages. The library's messages about types and lists of words are not meant for people. */
function plain(issue: z.core.$ZodIssue, part: Part): string {
  const { input } = issue;
  if (issue.code !== 'invalid_type' && issue.code !== 'invalid_value') return issue.message;
  if (input === undefined) return 'is required';
  if (part === 'query' && Array.isArray(input)) return 'must be given once';
  if (issue.code === 'invalid_type') {
    const wanted = KINDS[issue.expected] ?? issue.expected;
    const inQuotes = issue.expected === 'string' && typeof input === 'number' ? ' in quotes' : '';
    return `must be ${wanted}${inQuotes}, not ${kindOf(input)}`;
  }
  return issue.message.startsWith('Invalid') ? `must be one of ${issue.values.join(', ')}` : issue.message;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'a boolean',
  array: 'a list',
  object: 'an object',
  null: 'a null',
};

function kindOf(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  return (input === null ? KINDS.null : KINDS[typeof input]) ?? typeof input;
}

const messageOf = (error: z.ZodError): string => error.issues[0]?.message ?? 'is not valid';
const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(',') : header;

/** Weak tags are kept unchanged. They never match ours (RFC 9110, section 8.8.3.2, strong comparison). */
function entityTags(header: string | undefined): string[] | undefined {
  return header?.split(',').map((tag) => tag.trim());
}
