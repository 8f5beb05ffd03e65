import type { AuditOutcome, RouteId } from '@subledger/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { Prisma } from '../generated/prisma/client.js';
import type { Principal } from '../request/principal.js';
import type { RequestOrigin } from '../request/request-origin.js';
import { AUDIT_RULES, type AuditRule } from './audit-rules.js';

export type AuditRow = Prisma.AuditEntryCreateManyInput;

/** The actor of an entry. */
export interface AuditActor {
  readonly kind: Principal['who'] | 'unknown';
  readonly id: string | null;
  readonly name: string | null;
  readonly credential: 'session' | 'key' | 'none';
}

/** The parts of a request that an entry contains. */
export interface AuditedRequest {
  readonly routeId: RouteId;
  readonly origin: RequestOrigin;
  readonly params?: unknown;
  readonly body?: unknown;
}

/** Facts that the request does not contain. */
export interface AuditFacts {
  readonly actor: AuditActor;
  readonly mainAccountId: string | null;
  readonly subAccountId?: string | null;
  readonly operationId?: string;
  readonly outcome: AuditOutcome;
  readonly code?: string;
  /** The settings to be changed, in their current state. Only the fields that the rule allows are kept. */
  readonly was?: object;
  /** Ids of created objects. */
  readonly made?: Readonly<Record<string, string>>;
}

export function actorOf({ who, session, credentialId, name }: Principal): AuditActor {
  if (!session) return { kind: who, id: credentialId, name, credential: 'key' };
  const { owner } = session;
  const id = owner.kind === 'sub' ? owner.subAccountId : owner.loginKey;
  return { kind: who, id, name: session.login ?? session.name, credential: 'session' };
}

/**
 * The entry of a request.
 * @throws Error if the route has no rule: no change may be without an entry
 */
export function auditRow({ routeId, origin, params, body }: AuditedRequest, facts: AuditFacts): AuditRow {
  const rule = (AUDIT_RULES as Readonly<Record<string, AuditRule | null>>)[routeId];
  if (!rule) throw new Error(`${routeId} is not audited, and so cannot change anything this way`);
  const { actor, outcome } = facts;
  const { sub, ...ids } = (params ?? {}) as Record<string, string>;
  const objects = Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== facts.mainAccountId));
  const { before, after } = changeOf(rule, (facts.was ?? {}) as Fields, (body ?? {}) as Fields);
  return {
    id: `au_${uuidv7()}`,
    mainAccountId: facts.mainAccountId,
    subAccountId: facts.subAccountId ?? sub ?? null,
    action: routeId,
    actorKind: actor.kind,
    actorId: actor.id,
    actorName: actor.name,
    credential: actor.credential,
    address: origin.address,
    userAgent: origin.userAgent,
    requestId: origin.requestId,
    objects: { ...objects, ...facts.made },
    ...(before ? { before } : {}),
    ...(after ? { after } : {}),
    outcome,
    code: facts.code ?? null,
    operationId: facts.operationId ?? null,
    finishedAt: outcome === 'pending' ? null : new Date(),
  };
}

type Fields = Record<string, Prisma.InputJsonValue | undefined>;

function changeOf(rule: AuditRule, was: Fields, body: Fields) {
  const { keeps = [], mentions = [] } = rule;
  const named = keeps.filter((name) => body[name] !== undefined);
  const mentioned = mentions.filter((name) => body[name] !== undefined);
  const after = {
    ...pick(body, named),
    ...rule.becomes,
    ...Object.fromEntries(mentioned.map((name) => [`${name}Changed`, true])),
  };
  return { before: orNothing(pick(was, [...named, ...(rule.was ?? [])])), after: orNothing(after) };
}

const pick = (fields: Fields, names: readonly string[]): Prisma.InputJsonObject =>
  Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
const orNothing = (fields: Prisma.InputJsonObject) => (Object.keys(fields).length === 0 ? undefined : fields);
