import { EVENT_STREAM_MEDIA_TYPE } from '@subledger/contracts';
import { Counter, Histogram, type Registry } from '@subledger/service-kit';
import type { FastifyInstance } from 'fastify';

/** Seconds. A write includes a round trip through the ledger. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Duration of requests by route, so that ids in paths make no new series, and writes that answered 202. */
export function addRequestMetrics(fastify: FastifyInstance, registry: Registry): void {
  const duration = new Histogram({
    name: 'gateway_request_duration_seconds',
    help: 'Time until a request was answered',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  const late = new Counter({
    name: 'gateway_late_writes_total',
    help: 'Writes that were answered with 202 because their outcome took longer than WRITE_WAIT_MS',
    registers: [registry],
  });
  fastify.addHook('onResponse', async (request, reply) => {
    // A stream lasts as long as its client is connected.
    if (reply.getHeader('content-type') === EVENT_STREAM_MEDIA_TYPE) return;
    const route = request.routeOptions.url ?? 'unknown';
    duration.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1_000,
    );
    if (reply.statusCode === 202) late.inc();
  });
}
