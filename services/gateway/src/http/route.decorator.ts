import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  RequestMapping,
  RequestMethod,
} from '@nestjs/common';
import { type HttpMethod, ROUTES, type RouteDefinition, type RouteId } from '@subledger/contracts';
import type { FastifyRequest } from 'fastify';
import type { Asked as AskedRequest } from './asked.js';
import { principalOf } from './request-gate.js';
import { routerPath } from './router-path.js';
import { parseRequest } from './validation.js';

const METHODS: Record<HttpMethod, RequestMethod> = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PUT: RequestMethod.PUT,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
};
const routeOfHandler = new WeakMap<object, RouteId>();
export const registeredRoutes = new Set<RouteId>();

/** Makes a method the handler of a row of the route table: method and path come from there. */
export function Route(id: RouteId): MethodDecorator {
  const { method, path }: RouteDefinition = ROUTES[id];
  return applyDecorators(
    ((_target: object, _name: string | symbol, descriptor: PropertyDescriptor) => {
      routeOfHandler.set(descriptor.value as object, id);
      registeredRoutes.add(id);
    }) as MethodDecorator,
    RequestMapping({ method: METHODS[method], path: routerPath(path) }),
  );
}

/** The validated request. @throws ProblemError `validation-failed` naming every field */
export const Asked = createParamDecorator((_data: unknown, context: ExecutionContext): AskedRequest => {
  const id = routeOfHandler.get(context.getHandler());
  if (id === undefined) throw new Error('The handler has no route');
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { open }: RouteDefinition = ROUTES[id];
  return parseRequest(id, request, open ? undefined : principalOf(request));
});
