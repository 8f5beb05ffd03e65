/** How `npm run job` runs a job. */
export interface ByHandOptions {
  /** The job runs as of this instant, in epoch milliseconds. Undefined means now, by the database's clock. */
  readonly atMs: number | undefined;
  /** Milliseconds to wait for answers. */
  readonly timeoutMs: number;
  readonly production: boolean;
  readonly signal: AbortSignal;
  /** Prints a line of progress for the user. */
  readonly print: (line: string) => void;
}

export interface ByHandOutcome {
  /** The summary. */
  readonly lines: readonly string[];
  /** 0 if all of it succeeded. */
  readonly exitCode: number;
}
