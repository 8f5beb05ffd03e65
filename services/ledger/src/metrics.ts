import { Counter, Gauge, Histogram, type Registry } from '@subledger/service-kit';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The ledger's metrics. Their names begin with `ledger_`. */
export class LedgerMetrics {
  readonly records: Counter<'topic'>;
  readonly decisions: Counter<'name'>;
  readonly rejections: Counter<'code'>;
  readonly deadLetters: Counter<'reason'>;
  readonly failedMonthStarts: Counter;
  readonly unusableTimeZones: Gauge;
  /** Blocks of the journal that are damaged, each time that one is read. */
  readonly damagedBlocks: Counter;
  readonly expiredHolds: Counter;
  readonly overdueHoldSeconds: Gauge;
  readonly forwarded: Counter;
  readonly duplicates: Counter<'kind'>;
  readonly batchRecords: Histogram;
  readonly transactionSeconds: Histogram;
  readonly publishSeconds: Histogram;
  readonly published: Counter;
  readonly lag: Gauge<'topic' | 'partition'>;
  readonly lanes: Gauge<'state'>;
  readonly lanesBeyond: Gauge;
  readonly takeovers: Counter<'outcome'>;
  readonly cachedSubAccounts: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Counter<Label>({ name: `ledger_${name}`, help, labelNames, registers });
    const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Gauge<Label>({ name: `ledger_${name}`, help, labelNames, registers });
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name: `ledger_${name}`, help, buckets, registers });

    this.records = counter('records_total', 'Records read and dealt with', ['topic']);
    this.decisions = counter('events_total', 'Events decided and committed, by name', ['name']);
    this.rejections = counter('rejections_total', 'Commands refused, by code', ['code']);
    this.deadLetters = counter('dead_letters_total', 'Records sent to the dead letters, by reason', [
      'reason',
    ]);
    this.failedMonthStarts = counter(
      'failed_month_starts_total',
      'Month starts that could not be made: the customer is stopped until an operator repairs it',
    );
    this.unusableTimeZones = gauge(
      'unusable_time_zones',
      'Time zones of books, as they were at the start, that no month start can be computed in',
    );
    this.damagedBlocks = counter('damaged_blocks_total', 'Reads of a damaged block of the journal');
    this.expiredHolds = counter('expired_holds_total', 'Holds that were released because they were over');
    this.overdueHoldSeconds = gauge(
      'overdue_hold_seconds',
      'For how long the oldest open hold of our lanes has been over; 0 if none is',
    );
    this.forwarded = counter(
      'forwarded_total',
      'Records that came on another partition than that of their key',
    );
    this.duplicates = counter('duplicates_total', 'Commands and messages seen before', ['kind']);
    this.batchRecords = histogram(
      'batch_records',
      'Records per transaction',
      [1, 5, 25, 100, 250, 500, 1_000],
    );
    this.transactionSeconds = histogram('transaction_seconds', 'Load, decide and commit of a batch', SECONDS);
    this.publishSeconds = histogram('publish_seconds', 'One Kafka transaction of a lane', SECONDS);
    this.published = counter('published_total', 'Records published');
    this.lag = gauge('lag_records', 'Records that wait in the log', ['topic', 'partition']);
    this.lanes = gauge('lanes', 'Lanes of this process, by state', ['state']);
    this.lanesBeyond = gauge(
      'lanes_beyond',
      'Input partitions beyond the lanes, whose records are forwarded',
    );
    this.takeovers = counter('takeovers_total', 'Lanes taken over', ['outcome']);
    this.cachedSubAccounts = gauge('cached_sub_accounts', 'Sub-accounts and main accounts in memory');
  }
}
