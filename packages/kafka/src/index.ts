export * from './client-api.js';
export { KafkaBatchContext } from './consume/kafka-batch-context.js';
export { KafkaBatchServer, type KafkaBatchServerOptions } from './consume/kafka-batch-server.js';
