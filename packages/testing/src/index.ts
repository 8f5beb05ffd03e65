export {
  type BytesMatcher,
  type EventuallyOptions,
  eventually,
  noise,
  TcpProxy,
} from '@subledger/testing-base';
export { command, commandRecord, type EnvelopeFields, TEST_SOURCE } from './command-builders.js';
export { type ComposeGaps, composeGaps } from './compose-variables.js';
export { CoreLedger, type Refusal, type SeenCommand } from './core-ledger.js';
export { FakeClock } from './fake-clock.js';
export { type GenerateOptions, generateBooks } from './generate-books.js';
export { newMainAccountId, newMessageId, newSubAccountId } from './ids.js';
export {
  FICTITIOUS_RECIPIENT,
  FICTITIOUS_SENDER,
  type MessageOf,
  messageRecord,
  messageRefunded,
  messageSent,
  messageStatus,
} from './message-builders.js';
export { RoundRobin } from './system/round-robin.js';
export { ServiceProcess, type SpawnOptions, spawnNode, spawnService } from './system/service-process.js';
export { gatewaysByDefault, TestSystem, type TestSystemOptions } from './system/test-system.js';
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.js';
export { jsonOf, TopicReader, type TopicReaderOptions } from './topic-reader.js';
