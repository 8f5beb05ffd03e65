import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/**
 * The given headers with the current trace's (`traceparent`, `tracestate`) added. A no-op until the service has
 * registered a propagator.
 */
export function injectTrace(headers: Record<string, string> = {}): Record<string, string> {
  const carrier = { ...headers };
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** The trace that the writer of the headers was in; the root context if it was in none. */
export function extractTrace(headers: Record<string, string>): Context {
  return propagation.extract(ROOT_CONTEXT, headers);
}
