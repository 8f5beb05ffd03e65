ALTER TABLE "main_account_state"
  ADD COLUMN "suspensions" TEXT[] NOT NULL DEFAULT '{}',
  ADD COLUMN "suspend_below" BIGINT,
  ADD COLUMN "next_time_zone" TEXT;

-- Before, an operator was the only reason.
UPDATE "main_account_state" SET "suspensions" = '{operator}' WHERE "suspended";
