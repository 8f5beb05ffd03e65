/** Sections of the books' invariants (design, section 3); 6 is what is derived from them: statements and counters. */
type Invariant = 1 | 2 | 3 | 4 | 5 | 6;

/** What one check looks for, in plain words. */
export interface Check {
  readonly name: string;
  readonly invariant: Invariant;
  /** What it means when it finds something. */
  readonly meaning: string;
  /** Worth a look, but no figure is wrong. */
  readonly isWarning?: true;
}

/** Ids and amounts (millipoints, as text) of something found. */
export type Example = Readonly<Record<string, string | number | boolean | null>>;

export interface CheckResult extends Check {
  /** How many rows are wrong; 0 is right. */
  readonly violations: number;
  /** The first of them, in the order of main accounts. */
  readonly examples: readonly Example[];
  /** Of the query that made it, which checks may share. */
  readonly seconds: number;
}

export interface Reconciliation {
  /** Instant (ISO) of the snapshot, by the database's clock. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Transfers and main accounts looked at. */
  readonly transfers: number;
  readonly mainAccounts: number;
  readonly checks: readonly CheckResult[];
}

/** The checks that found something that is wrong; warnings are not among them. */
export const failedChecks = ({ checks }: Pick<Reconciliation, 'checks'>): readonly CheckResult[] =>
  checks.filter(({ violations, isWarning }) => violations > 0 && !isWarning);
