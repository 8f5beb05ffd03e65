import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

interface Queue {
  throttledUntil: number;
  pending: unknown[];
}
type Schedule = (this: Queue) => void;

let applied = false;

/**
 * kafkajs 2.2.4 arms a timer after every response, to look after requests that wait for a throttled broker. When
 * nothing waits it computes the delay as `-1 - Date.now()`, which Node 24 reports as a TimeoutNegativeWarning, and
 * the timer is for nothing. So: no timer when nothing waits. (A request that comes later arms its own.)
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
