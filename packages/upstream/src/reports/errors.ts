import type { FieldError } from '@subledger/contracts';

/** The report breaks the contract and was not written. Correct the fields that `errors` names; repeating it is no use. */
export class InvalidReportError extends Error {
  override readonly name = 'InvalidReportError';
  readonly errors: readonly FieldError[];
  constructor(errors: readonly FieldError[]) {
    const text = errors.map(({ path, message }) => `${path || 'report'} ${message}`).join('; ');
    super(`The report is not valid and was not written: ${text}`);
    this.errors = errors;
  }
}

/** As many reports wait for the broker as may. This one was not taken: wait for `whenRoom()` and report it again. */
export class ReporterFullError extends Error {
  override readonly name = 'ReporterFullError';
}

/**
 * The reporter was closed before the broker had the report. It may have been written all the same: keep it and report
 * it again with the same ids, repeats count once.
 */
export class ReporterClosedError extends Error {
  override readonly name = 'ReporterClosedError';
}

/** Kafka refuses this report for good; `cause` says why. It was not written: mend the cause, then report it again. */
export class ReportRefusedError extends Error {
  override readonly name = 'ReportRefusedError';
}
