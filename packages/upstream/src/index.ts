export { formatPoints, type Points, parsePoints } from '@subledger/core';
export type { KafkaConfig, KafkaLogger, WrittenRecord } from '@subledger/kafka/client';
export { type FeedStatus, LimitFeed, type LimitFeedOptions } from './feed/limit-feed.js';
export type { Ownership } from './feed/ownership.js';
export type { SentFact } from './feed/sent-json.js';
export type { SubAccountLimits } from './feed/sub-account-table.js';
export type { Question, RefusalReason, Verdict } from './feed/verdict.js';
export { HoldClient } from './holds/hold-client.js';
export type { HttpHoldsOptions } from './holds/http-holds.js';
export type { KafkaHoldsOptions } from './holds/kafka-holds.js';
export type {
  HoldOutcome,
  HoldRequest,
  Refused,
  ReleaseOutcome,
  ReleaseRequest,
  Unknown,
} from './holds/outcome.js';
export {
  InvalidReportError,
  ReporterClosedError,
  ReporterFullError,
  ReportRefusedError,
} from './reports/errors.js';
export {
  type CloseResult,
  MessageReporter,
  type MessageReporterOptions,
  type ReportTracker,
} from './reports/message-reporter.js';
export type { MessageReport } from './reports/report.js';
