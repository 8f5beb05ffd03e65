import type { FieldError } from '@subledger/contracts';

/**
 * The report breaks the contract and was not written. Correct the fields in `errors`: the same report would fail
 * again.
 */
export class InvalidReportError extends Error {
  override readonly name = 'InvalidReportError';
  readonly errors: readonly FieldError[];
  constructor(errors: readonly FieldError[]) {
    const text = errors.map(({ path, message }) => `${path || 'report'} ${message}`).join('; ');
    super(`The report is not valid and was not written: ${text}`);
    this.errors = errors;
  }
}

/**
 * The maximum of reports is already waiting for the broker. This report was not accepted: wait for `whenRoom()` and
 * report it again.
 */
export class ReporterFullError extends Error {
  override readonly name = 'ReporterFullError';
}

/**
 * The reporter was closed before the broker confirmed the report. It may have been written: keep it and report it
 * again with the same ids. Repeats count once.
 */
export class ReporterClosedError extends Error {
  override readonly name = 'ReporterClosedError';
}

/**
 * Kafka refuses this report for good, and `cause` says why. It was not written: remove the cause, then report it
 * again.
 */
export class ReportRefusedError extends Error {
  override readonly name = 'ReportRefusedError';
}
