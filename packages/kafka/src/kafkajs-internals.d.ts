/** kafkajs has no types for its inner modules. Only `request-queue-fix.ts` imports one. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: unknown;
  export default RequestQueue;
}
