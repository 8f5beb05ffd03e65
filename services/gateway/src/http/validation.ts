import { type FieldError, foreignId, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Principal } from '../access/principal.js';
import { claimOf } from '../operations/idempotency.js';
import type { Asked } from './asked.js';
import { ProblemError } from './problem.js';
import { originOf } from './request-origin.js';

/** Fields of one answer at most: a body of a thousand mistakes needs no thousand messages. */
const MAX_ERRORS = 100;

/**
 * Parameters, query, body and headers of a request by its row of the route table.
 *
 * @throws ProblemError `not-found` for an id that cannot exist, else `validation-failed` naming every field
 */
export function parseRequest(
  routeId: RouteId,
  request: FastifyRequest,
  principal: Principal | undefined,
): Asked {
  const route: RouteDefinition = ROUTES[routeId];
  const errors: FieldError[] = [];
  const params = route.params?.safeParse(request.params);
  if (params && !params.success) throw ProblemError.notFound();
  const query =
    parsePart(route.query, request.query, errors) ?? emptyPart(route.query, request.query, errors);
  const body = parsePart(route.body, request.body, errors) ?? emptyPart(route.body, request.body, errors);
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
  } as Asked;
}

function parsePart(schema: z.ZodType | undefined, value: unknown, errors: FieldError[]): unknown {
  if (!schema) return undefined;
  // A missing body is a body without its fields: the answer then names them.
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  errors.push(...fieldErrors(result.error));
  return undefined;
}

/** What a route does not take is refused like an unknown field. */
function emptyPart(schema: z.ZodType | undefined, value: unknown, errors: FieldError[]): undefined {
  if (schema || value === undefined || value === null) return;
  const isObject = typeof value === 'object' && !Array.isArray(value);
  if (!isObject) errors.push({ path: '', message: 'takes no body' });
  else for (const name of Object.keys(value)) errors.push({ path: name, message: 'is not a known field' });
}

/** One entry per field: unknown ones by their own name. */
function fieldErrors(error: Pick<z.ZodError, 'issues'>): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
    }
    if (issue.code === 'invalid_union') return unionErrors(issue);
    return [{ path: path.join('.'), message: plain(issue) }];
  });
}

/** Of the forms that a body may have the one that it comes closest to: what is missing there is named. */
function unionErrors({ path, errors }: z.core.$ZodIssueInvalidUnion): FieldError[] {
  const [closest = []] = [...errors].sort((a, b) => a.length - b.length);
  return fieldErrors({ issues: closest.map((issue) => ({ ...issue, path: [...path, ...issue.path] })) });
}

function plain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is required';
  return issue.message;
}

const messageOf = (error: z.ZodError): string => error.issues[0]?.message ?? 'is not valid';
const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(',') : header;

/** Weak tags are kept as they are: they never equal one of ours (RFC 9110, strong comparison). */
function entityTags(header: string | undefined): string[] | undefined {
  return header?.split(',').map((tag) => tag.trim());
}
