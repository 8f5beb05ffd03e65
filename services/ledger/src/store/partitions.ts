/** The tables whose rows lie in a partition per month (UTC) of their broker time. */
export const MONTHLY_TABLES = ['journal', 'transfers'] as const;

/** Advisory lock of whoever makes or detaches partitions. */
export const PARTITIONS_LOCK = 'ledger.partitions';
