export { describeCounts, type SmsCounts } from './counts.js';
export { type SentMessage, type Shares, USUAL_SHARES } from './message-life.js';
export type { Misbehaviour } from './misbehaviour.js';
export { SmsSimulator, type SmsSimulatorOptions } from './sms-simulator.js';
