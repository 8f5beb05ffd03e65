import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Context,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { extractTrace, injectTrace } from './trace.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** Stands in for the SDK's W3C propagator, which this package does not depend on. */
const propagator: TextMapPropagator = {
  fields: () => ['traceparent'],
  inject: (_context, carrier, setter) =>
    setter.set(carrier, 'traceparent', `00-${TRACE_ID}-b7ad6b7169203331-01`),
  extract: (context, carrier, getter): Context => {
    const [, traceId, spanId] = String(getter.get(carrier, 'traceparent')).split('-');
    if (!traceId || !spanId) return context;
    return trace.setSpanContext(context, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
  },
};

describe('trace headers', () => {
  test('without a propagator nothing is added and nothing found', () => {
    expect(injectTrace({ a: '1' })).toEqual({ a: '1' });
    expect(extractTrace({ traceparent: 'x' })).toBe(ROOT_CONTEXT);
  });

  describe('with one', () => {
    beforeAll(() => {
      propagation.setGlobalPropagator(propagator);
    });
    afterAll(() => propagation.disable());

    test('the trace goes into a copy of the headers and comes out again', () => {
      const given = { a: '1' };
      const headers = injectTrace(given);
      expect(given).toEqual({ a: '1' });
      expect(headers).toMatchObject({ a: '1', traceparent: expect.stringContaining(TRACE_ID) });
      expect(trace.getSpanContext(extractTrace(headers))?.traceId).toBe(TRACE_ID);
    });
  });
});
