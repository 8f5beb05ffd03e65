/**
 * The gateway's consumer groups. Nest gives a handler to every transport unless it names one; apart, so that a
 * log that lags never makes a write wait for its outcome.
 */
export const EVENTS_TRANSPORT = Symbol('gateway-events');
export const MESSAGE_LOG_TRANSPORT = Symbol('gateway-message-log');
