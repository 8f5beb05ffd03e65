import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/**
 * The given headers with those of the current trace (`traceparent`, `tracestate`, W3C Trace Context,
 * https://www.w3.org/TR/trace-context/). Without a registered propagator, it adds nothing.
 */
export function injectTrace(headers: Record<string, string> = {}): Record<string, string> {
  const carrier = { ...headers };
  propagation.inject(context.active(), carrier);
  return carrier;
}

/**
 * The trace that the writer of the headers belonged to, or the root context if there was none (W3C Trace Context).
 */
export function extractTrace(headers: Record<string, string>): Context {
  return propagation.extract(ROOT_CONTEXT, headers);
}
