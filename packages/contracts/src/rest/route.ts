import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';
import type { Tag } from './tags.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** Kinds of caller: an operator, a main account (its users and keys), a sub-account's login, the SMS service. */
export const CALLERS = ['operator', 'main', 'sub', 'upstream'] as const;
export type Who = (typeof CALLERS)[number];

/** One row of the route table: what is validated, who has access, and what the OpenAPI document says. */
export interface RouteDefinition {
  readonly method: HttpMethod;
  /** With parameters in braces. `{id}` is always the main account, and its owner is checked. */
  readonly path: `/v1/${string}`;
  readonly tag: Tag;
  readonly summary: string;
  readonly who: readonly Who[];
  /** The scope that a main account's key needs. A session has both scopes, the other callers have one. */
  readonly scope: 'read' | 'write';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: {
    readonly status: 200 | 201 | 204;
    readonly schema?: z.ZodType;
    readonly etag?: boolean;
    /** Sets, renews or clears the session cookie. */
    readonly setsCookie?: boolean;
    /** Default `application/json`. */
    readonly mediaType?: string;
  };
  /** Changes points or settings through the ledger. It may answer 202, or one of `conflicts`. */
  readonly command?: boolean;
  /** Refusals beyond those that every route has. */
  readonly conflicts?: readonly ErrorCode[];
  readonly ifMatch?: boolean;
  /** Needs no credential. It takes no Idempotency-Key, because that key belongs to a credential. */
  readonly open?: boolean;
  /** Is about the session itself. API keys are refused, and an Idempotency-Key has no meaning. */
  readonly session?: boolean;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
/** The input of a handler: parameters, query and body, as parsed by the route's schemas. */
export interface RouteInput<Route extends RouteDefinition = RouteDefinition> {
  readonly params: Parsed<Route['params']>;
  readonly query: Parsed<Route['query']>;
  readonly body: Parsed<Route['body']>;
}
/** The body of the route's successful answer. */
export type RouteAnswer<Route extends RouteDefinition> = Route['answer'] extends { schema: infer Schema }
  ? Schema extends z.ZodType
    ? z.output<Schema>
    : undefined
  : undefined;
