/**
 * The gateway's consumer groups. Nest gives a handler to every transport unless it names one. They are separate, so
 * that a lagging message log never delays the outcome of a write.
 */
export const EVENTS_TRANSPORT = Symbol('gateway-events');
export const MESSAGE_LOG_TRANSPORT = Symbol('gateway-message-log');
