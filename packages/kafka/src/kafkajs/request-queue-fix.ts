import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

let applied = false;

/**
 * kafkajs 2.2.4 starts a timer after every response, to check for requests that wait for a throttled broker. If none
 * waits, it computes the delay as `-1 - Date.now()`, which Node 24 reports as a TimeoutNegativeWarning, and the timer
 * has no use. This fix starts no timer if no request waits. (A later request starts its own.)
 *
 * @throws Error if kafkajs's request queue does not have the expected shape
 */
export function fixNegativeTimeouts(): void {
  if (applied) return;
  const prototype = RequestQueue?.prototype;
  const original = prototype?.scheduleCheckPendingRequests;
  if (typeof original !== 'function')
    throw new Error('kafkajs is not 2.2.4: its request queue has another shape');
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) original.call(this);
  };
  applied = true;
}
