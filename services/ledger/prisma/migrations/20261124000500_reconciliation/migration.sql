-- Written by hand: what reconciliation must know of detached months.

ALTER TABLE "closing_counts"
  -- A transfer's number follows the order of processing, its month the broker's time, and two topics are merged: at
  -- the turn of a month a few rows of the new month may have smaller numbers than the last ones of the old. Up to
  -- here, numbers may be among the detached ones.
  ADD COLUMN "last_transfer" BIGINT NOT NULL DEFAULT 0,
  -- Latest period that a detached transfer counts to: of periods up to it, not all transfers are there any more.
  ADD COLUMN "last_period" TEXT NOT NULL DEFAULT '';
ALTER TABLE "closing_counts" ALTER COLUMN "last_transfer" DROP DEFAULT, ALTER COLUMN "last_period" DROP DEFAULT;

CREATE TABLE "detached_months" (
    "month" TEXT NOT NULL,
    "transfers" BIGINT NOT NULL,
    "events" BIGINT NOT NULL,
    "detached_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "detached_months_pkey" PRIMARY KEY ("month")
);
