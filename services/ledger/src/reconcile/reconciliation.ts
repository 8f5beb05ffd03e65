/** Numbers of the books' invariants (design, section 3). 6 is for derived figures: statements and counters. */
type Invariant = 1 | 2 | 3 | 4 | 5 | 6;

/** What one check verifies, in plain words. */
export interface Check {
  readonly name: string;
  readonly invariant: Invariant;
  /** The meaning of a failure. */
  readonly meaning: string;
  /** Deserves a look, but no figure is wrong. */
  readonly isWarning?: true;
}

/** Ids and amounts (millipoints, as text) of a violation. */
export type Example = Readonly<Record<string, string | number | boolean | null>>;

export interface CheckResult extends Check {
  /** Number of violations. 0 means that the check passed. */
  readonly violations: number;
  /** The first violations, by main account. */
  readonly examples: readonly Example[];
  /** Duration of its query, which checks may share. */
  readonly seconds: number;
}

export interface Reconciliation {
  /** Instant (ISO) of the snapshot, by the database's clock. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Number of transfers and main accounts checked. */
  readonly transfers: number;
  readonly mainAccounts: number;
  readonly checks: readonly CheckResult[];
}

/** The failed checks, without warnings. */
export const failedChecks = ({ checks }: Pick<Reconciliation, 'checks'>): readonly CheckResult[] =>
  checks.filter(({ violations, isWarning }) => violations > 0 && !isWarning);
