import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';
import type { Tag } from './tags.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** Who may ask: an operator, a main account (its users and keys), a sub-account's login, the SMS service. */
export const CALLERS = ['operator', 'main', 'sub', 'upstream'] as const;
export type Who = (typeof CALLERS)[number];

/** One row of the route table: what is validated, who is let in, and what the OpenAPI document says. */
export interface RouteDefinition {
  readonly method: HttpMethod;
  /** With parameters in braces. `{id}` is always the main account, whose owner is checked. */
  readonly path: `/v1/${string}`;
  readonly tag: Tag;
  readonly summary: string;
  readonly who: readonly Who[];
  /** Of a main account's key; a session has both, the other callers have one scope. */
  readonly scope: 'read' | 'write';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: {
    readonly status: 200 | 201 | 204;
    readonly schema?: z.ZodType;
    readonly etag?: boolean;
    /** It sets, renews or clears the session's cookie. */
    readonly setsCookie?: boolean;
    /** Default `application/json`. */
    readonly mediaType?: string;
  };
  /** It changes points or settings through the ledger: it may answer 202, or one of `conflicts`. */
  readonly command?: boolean;
  /** Refusals beyond those that every route has. */
  readonly conflicts?: readonly ErrorCode[];
  readonly ifMatch?: boolean;
  /** Needs no credential. Takes no Idempotency-Key, which belongs to one. */
  readonly open?: boolean;
  /** About the session itself: a key is refused, and an Idempotency-Key has no meaning. */
  readonly session?: boolean;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
/** What a handler gets: parameters, query and body, as its schemas give them. */
export interface RouteInput<Route extends RouteDefinition = RouteDefinition> {
  readonly params: Parsed<Route['params']>;
  readonly query: Parsed<Route['query']>;
  readonly body: Parsed<Route['body']>;
}
/** The body of the route's good answer. */
export type RouteAnswer<Route extends RouteDefinition> = Route['answer'] extends { schema: infer Schema }
  ? Schema extends z.ZodType
    ? z.output<Schema>
    : undefined
  : undefined;
