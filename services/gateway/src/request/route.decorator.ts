import { createParamDecorator, type ExecutionContext, RequestMapping, RequestMethod } from '@nestjs/common';
import { type HttpMethod, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalOf } from './admission.js';
import type { Answer } from './idempotency.js';
import { routerPath } from './router-path.js';
import type { ValidatedRequest as AnyRequest } from './validated-request.js';
import { parseRequest } from './validation.js';

const METHODS: Record<HttpMethod, RequestMethod> = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PUT: RequestMethod.PUT,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
};
const routeOfHandler = new WeakMap<object, RouteId>();
const replyOf = new WeakMap<object, FastifyReply>();
export const registeredRoutes = new Set<RouteId>();

type Handler = (
  validated: AnyRequest,
  ...others: never[]
) => Promise<Answer | undefined> | Answer | undefined;

/**
 * Makes a method the handler of a row of the route table, which gives the HTTP method and path. Its first parameter
 * is `@Validated()`. It returns an `Answer`, or nothing if it writes the reply itself.
 */
export function Route(id: RouteId) {
  const { method, path }: RouteDefinition = ROUTES[id];
  return <Method extends (...given: never[]) => unknown>(
    target: object,
    name: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const handler = answering(descriptor.value as unknown as Handler);
    descriptor.value = handler as unknown as Method;
    routeOfHandler.set(handler, id);
    registeredRoutes.add(id);
    RequestMapping({ method: METHODS[method], path: routerPath(path) })(target, name, descriptor);
  };
}

/**
 * Sets the answer's status and headers on the reply. It does not use an interceptor, because Nest then wraps each
 * result in observables.
 */
const answering = (handler: Handler) =>
  async function answer(this: unknown, validated: AnyRequest, ...others: never[]): Promise<unknown> {
    const given = await handler.call(this, validated, ...others);
    if (given === undefined) return undefined;
    const reply = replyOf.get(validated) as FastifyReply;
    reply.status(given.status).headers({ 'cache-control': 'no-store', ...given.headers });
    return given.body;
  };

/**
 * The validated request.
 * @throws ProblemError `validation-failed` with every invalid field
 */
export const Validated = createParamDecorator((_data: unknown, context: ExecutionContext): AnyRequest => {
  const id = routeOfHandler.get(context.getHandler());
  if (id === undefined) throw new Error('The handler has no route');
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { open }: RouteDefinition = ROUTES[id];
  const validated = parseRequest(id, request, open ? undefined : principalOf(request));
  replyOf.set(validated, context.switchToHttp().getResponse<FastifyReply>());
  return validated;
});
