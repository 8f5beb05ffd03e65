import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { KafkaBatchServer } from '@subledger/kafka';
import { NestLogger } from '@subledger/service-kit';
import type { FastifyInstance } from 'fastify';
import { Authenticator } from '../access/authenticator.js';
import type { GatewayConfig } from '../config.js';
import { type GatewayParts, gatewayModule } from '../gateway.module.js';
import { createFastify } from './fastify.js';
import { ProblemFilter } from './problem.filter.js';
import { addRequestGate } from './request-gate.js';
import { RequestLimits } from './request-limits.js';
import { addRequestMetrics } from './request-metrics.js';
import { noteRoutes, type ServedRoute } from './served-routes.js';

/** The Nest application: HTTP and the consumers, all running when it is returned. */
export async function createApp(
  parts: GatewayParts,
  consumers: readonly KafkaBatchServer[],
  config: GatewayConfig,
): Promise<{ app: NestFastifyApplication; routes: readonly ServedRoute[] }> {
  const { log, metrics, monitor, keys, keyUse, customers, publicUrl, sessions } = parts;
  const adapter = createFastify({
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    publicUrl,
    trustedProxies: config.TRUSTED_PROXIES,
    timeouts: {
      headersMs: config.HEADERS_TIMEOUT_MS,
      requestMs: config.REQUEST_TIMEOUT_MS,
      stalledMs: config.STALLED_CLIENT_MS,
    },
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  const routes = noteRoutes(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(gatewayModule(parts), adapter, {
    bodyParser: false,
    logger: new NestLogger(log),
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(publicUrl, monitor, log));
  addRequestGate(fastify, {
    authenticator: new Authenticator(keys, keyUse, sessions.store, sessions.cookie),
    monitor,
    publicUrl,
    limits: await RequestLimits.of(
      fastify,
      {
        address: config.RATE_LIMIT_ADDRESS,
        customer: config.RATE_LIMIT_CUSTOMER,
        mainAccount: config.RATE_LIMIT_MAIN_ACCOUNT,
        operator: config.RATE_LIMIT_OPERATOR,
        upstream: config.RATE_LIMIT_UPSTREAM,
      },
      customers,
    ),
  });
  addRequestMetrics(fastify, metrics);
  for (const strategy of consumers) app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  return { app, routes };
}
