export { describeCounts, type SmsCounts } from './counts.js';
export { type SentMessage, type Shares, USUAL_SHARES } from './message-life.js';
export type { Misbehaviour } from './misbehaviour.js';
export { fictitiousRecipient, SAMPLE_SENDERS, SAMPLE_TEXTS } from './sample-texts.js';
export { mulberry32, SeededRandom } from './seeded-random.js';
export { SmsSimulator, type SmsSimulatorOptions } from './sms-simulator.js';
