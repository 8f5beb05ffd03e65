export * from './client-api.js';
export { KafkaBatchContext } from './kafka-batch-context.js';
export { KafkaBatchServer, type KafkaBatchServerOptions } from './kafka-batch-server.js';
