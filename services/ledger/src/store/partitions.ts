/** The tables with a partition per month (UTC) of their broker time. */
export const MONTHLY_TABLES = ['journal', 'transfers'] as const;

/** Advisory lock for making or detaching partitions. */
export const PARTITIONS_LOCK = 'ledger.partitions';
