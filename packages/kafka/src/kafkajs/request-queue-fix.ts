import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

interface Queue {
  throttledUntil: number;
  pending: unknown[];
}
type Schedule = (this: Queue) => void;

let applied = false;

/**
 * kafkajs 2.2.4 starts a timer after every response, to check for requests that wait for a throttled broker. If none
 * waits, it computes the delay as `-1 - Date.now()`, which Node 24 reports as a TimeoutNegativeWarning, and the timer
 * has no use. This fix starts no timer if no request waits. (A later request starts its own.)
 */
export function fixNegativeTimeouts(): void {
  if (applied) return;
  applied = true;
  const prototype = (RequestQueue as unknown as { prototype: { scheduleCheckPendingRequests: Schedule } })
    .prototype;
  const original = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: Queue) {
    if (this.pending.length > 0) original.call(this);
  };
}
