-- Written by hand: partitions by month, what a closed period leaves, and what operators ask of a running ledger.

-- What a sub-account had when its period began, and when it was deleted.
ALTER TABLE "sub_accounts"
  ADD COLUMN "opening" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "deleted_at" TIMESTAMPTZ(3),
  -- When its limit record was replaced by a tombstone.
  ADD COLUMN "tombstoned_at" TIMESTAMPTZ(3);
ALTER TABLE "sub_accounts" ALTER COLUMN "opening" DROP DEFAULT;
UPDATE "sub_accounts" SET "deleted_at" = now() WHERE "lifecycle" = 'deleted';
CREATE INDEX "sub_accounts_tombstones_due" ON "sub_accounts" ("deleted_at")
  WHERE "deleted_at" IS NOT NULL AND "tombstoned_at" IS NULL;

-- An outcome that no journal has (a refusal without books, an unreadable command) is kept with its command id.
ALTER TABLE "commands" ADD COLUMN "payload" TEXT;

-- What an operator asks of the lane's owner: all limit records of the lane once more.
ALTER TABLE "lanes" ADD COLUMN "rebuild_limits" BOOLEAN NOT NULL DEFAULT false;

-- Closed periods. The closing figures are written once; late facts are added up in columns of their own.
CREATE TABLE "period_statements" (
    "main_account_id" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "opening" BIGINT NOT NULL,
    "point_limit" BIGINT NOT NULL,
    "boost" BIGINT NOT NULL,
    "granted" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "overage" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "returned" BIGINT NOT NULL,
    "late_used" BIGINT NOT NULL,
    "late_refunded" BIGINT NOT NULL,
    "late_returned" BIGINT NOT NULL,
    -- Broker time of the close; of the first late fact where the sub-account did not exist in that period.
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "period_statements_pkey" PRIMARY KEY ("main_account_id","sub_account_id","period"),
    CONSTRAINT "period_statements_adds_up" CHECK ("granted" = "used" - "overage" + "held" + "returned"),
    CONSTRAINT "period_statements_not_negative" CHECK ("used" >= 0 AND "overage" >= 0 AND "held" >= 0
      AND "returned" >= 0 AND "late_used" >= 0 AND "late_refunded" >= 0 AND "late_returned" >= 0)
);

-- What detached months leave: the sum of their transfers per account (accounts at 0 have no row), and how many rows
-- they had, so that sums and counts of what is still attached start here.
CREATE TABLE "closing_balances" (
    "main_account_id" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "balance" BIGINT NOT NULL,

    CONSTRAINT "closing_balances_pkey" PRIMARY KEY ("main_account_id","account")
);
CREATE TABLE "closing_counts" (
    "main_account_id" TEXT NOT NULL,
    "transfers" BIGINT NOT NULL,
    "events" BIGINT NOT NULL,

    CONSTRAINT "closing_counts_pkey" PRIMARY KEY ("main_account_id")
);

-- Journal and transfers by month (UTC) of the broker time. A unique index of a partitioned table must contain the
-- partition's key; that a sequence is given once is guaranteed by the lane's row and checked by reconciliation.
ALTER TABLE "journal" RENAME TO "journal_before";
ALTER TABLE "journal_before" RENAME CONSTRAINT "journal_pkey" TO "journal_before_pkey";
ALTER INDEX "journal_lane_lane_sequence_key" RENAME TO "journal_before_lane_lane_sequence_key";
CREATE TABLE "journal" (LIKE "journal_before" INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE ("at");
ALTER TABLE "journal" ADD CONSTRAINT "journal_pkey" PRIMARY KEY ("main_account_id", "sequence", "at");
CREATE UNIQUE INDEX "journal_lane_lane_sequence_at_key" ON "journal" ("lane", "lane_sequence", "at");

ALTER TABLE "transfers" RENAME TO "transfers_before";
ALTER TABLE "transfers_before" RENAME CONSTRAINT "transfers_pkey" TO "transfers_before_pkey";
CREATE TABLE "transfers" (LIKE "transfers_before" INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE ("at");
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_pkey" PRIMARY KEY ("main_account_id", "sequence", "at");

-- Creates the partition of a month if there is none, and says whether it did. Attached, not created in place, so
-- that writers go on meanwhile.
CREATE FUNCTION "create_month_partition"(parent TEXT, month DATE) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  partition TEXT := parent || to_char(month, '_YYYY_MM');
  first TIMESTAMPTZ := date_trunc('month', month::TIMESTAMP) AT TIME ZONE 'UTC';
  after TIMESTAMPTZ := (date_trunc('month', month::TIMESTAMP) + INTERVAL '1 month') AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass(partition) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, first, after);
  RETURN true;
END
$$;

-- Months that have rows, last month (records may have waited in the log), this one and the next two.
SELECT "create_month_partition"('journal', month::DATE), "create_month_partition"('transfers', month::DATE)
FROM (
  SELECT date_trunc('month', "at" AT TIME ZONE 'UTC') AS month FROM "journal_before"
  UNION SELECT date_trunc('month', "at" AT TIME ZONE 'UTC') FROM "transfers_before"
  UNION SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * INTERVAL '1 month' FROM generate_series(-1, 2) AS n
) AS months;
-- Whatever has no partition goes here: nothing stops for the want of one. Normally empty, and watched.
CREATE TABLE "journal_default" PARTITION OF "journal" DEFAULT;
CREATE TABLE "transfers_default" PARTITION OF "transfers" DEFAULT;

INSERT INTO "journal" SELECT * FROM "journal_before";
INSERT INTO "transfers" SELECT * FROM "transfers_before";
DROP TABLE "journal_before";
DROP TABLE "transfers_before";
