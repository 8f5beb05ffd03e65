export { KAFKA_VERSION } from './constants.js';
export { DevstackError } from './devstack-error.js';
export {
  type Stack,
  type StackOptions,
  startKafka,
  startPostgres,
  startStack,
  type UnexpectedExit,
} from './stack.js';
export { type ProcessSpec, type StoppedProcess, Supervisor, type SupervisorOptions } from './supervisor.js';
export { startTestServers, type TestServers } from './test-servers.js';
