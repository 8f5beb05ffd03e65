-- CreateTable
CREATE TABLE "lanes" (
    "lane" INTEGER NOT NULL,
    "epoch" BIGINT NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "command_offset" BIGINT NOT NULL DEFAULT 0,
    "message_offset" BIGINT NOT NULL DEFAULT 0,
    "command_last_id" TEXT,
    "message_last_id" TEXT,
    "lane_sequence" BIGINT NOT NULL DEFAULT 0,
    "published_sequence" BIGINT NOT NULL DEFAULT 0,
    "owner" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lanes_pkey" PRIMARY KEY ("lane")
);

-- CreateTable
CREATE TABLE "main_accounts" (
    "main_account_id" TEXT NOT NULL,
    "plan" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "next_time_zone" TEXT,
    "credit_limit" BIGINT,
    "funding_policy" TEXT NOT NULL,
    "feature_active" BOOLEAN NOT NULL,
    "suspended" BOOLEAN NOT NULL,
    "period" TEXT NOT NULL,
    "period_opened_at" TIMESTAMPTZ(3) NOT NULL,
    "next_month_start" TIMESTAMPTZ(3) NOT NULL,
    "balance" BIGINT NOT NULL,
    "purchased" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "granted" BIGINT NOT NULL,
    "active_sub_accounts" INTEGER NOT NULL,
    "sub_accounts" INTEGER NOT NULL,
    "opened" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "transfer_sequence" BIGINT NOT NULL,

    CONSTRAINT "main_accounts_pkey" PRIMARY KEY ("main_account_id")
);

-- CreateTable
CREATE TABLE "sub_accounts" (
    "main_account_id" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "lifecycle" TEXT NOT NULL,
    "paused" BOOLEAN NOT NULL,
    "priority" INTEGER NOT NULL,
    "point_limit" BIGINT NOT NULL,
    "next_limit" BIGINT,
    "period" TEXT NOT NULL,
    "boost" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "overage" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "remaining" BIGINT NOT NULL,

    CONSTRAINT "sub_accounts_pkey" PRIMARY KEY ("main_account_id","sub_account_id")
);

-- CreateTable
CREATE TABLE "holds" (
    "main_account_id" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "sub_account_id" TEXT,
    "period" TEXT NOT NULL,
    "points" BIGINT NOT NULL,
    "state" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "holds_pkey" PRIMARY KEY ("main_account_id","message_id")
);

-- CreateTable
CREATE TABLE "charges" (
    "main_account_id" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "points" BIGINT NOT NULL,
    "refunded" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "charges_pkey" PRIMARY KEY ("main_account_id","message_id")
);

-- CreateTable
CREATE TABLE "refunds" (
    "main_account_id" TEXT NOT NULL,
    "refund_id" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "points" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "refunds_pkey" PRIMARY KEY ("main_account_id","refund_id")
);

-- CreateTable
CREATE TABLE "journal" (
    "main_account_id" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "lane" INTEGER NOT NULL,
    "lane_sequence" BIGINT NOT NULL,
    "generation" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "cause_kind" TEXT NOT NULL,
    "cause_id" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "position" BIGINT,

    CONSTRAINT "journal_pkey" PRIMARY KEY ("main_account_id","sequence")
);

-- CreateTable
CREATE TABLE "transfers" (
    "main_account_id" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "event_sequence" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "debit_account" TEXT NOT NULL,
    "credit_account" TEXT NOT NULL,
    "amount" BIGINT NOT NULL,
    "debit_balance" BIGINT NOT NULL,
    "credit_balance" BIGINT NOT NULL,
    "sub_account_id" TEXT,
    "message_id" TEXT,
    "period" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "transfers_pkey" PRIMARY KEY ("main_account_id","sequence")
);

-- CreateTable
CREATE TABLE "commands" (
    "main_account_id" TEXT NOT NULL,
    "command_id" TEXT NOT NULL,
    "content_hash" TEXT NOT NULL,
    "event_sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "commands_pkey" PRIMARY KEY ("main_account_id","command_id")
);

-- CreateTable
CREATE TABLE "outbox" (
    "lane" INTEGER NOT NULL,
    "lane_sequence" BIGINT NOT NULL,
    "topic" TEXT NOT NULL,
    "key" TEXT,
    "value" BYTEA,
    "headers" JSONB NOT NULL,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("lane","lane_sequence")
);

-- CreateIndex
CREATE UNIQUE INDEX "journal_lane_lane_sequence_key" ON "journal"("lane", "lane_sequence");

-- From here on by hand: what Prisma's schema language cannot say.

-- Invariant 3 of the books: neither a sub-account nor a hold ever goes below 0. Main may (message facts).
ALTER TABLE "sub_accounts"
  ADD CONSTRAINT "sub_accounts_remaining_not_negative" CHECK ("remaining" >= 0),
  ADD CONSTRAINT "sub_accounts_held_not_negative" CHECK ("held" >= 0),
  ADD CONSTRAINT "sub_accounts_lifecycle_known" CHECK ("lifecycle" IN ('active', 'inactive', 'deleted'));
ALTER TABLE "holds"
  ADD CONSTRAINT "holds_points_not_negative" CHECK ("points" >= 0),
  ADD CONSTRAINT "holds_resolved_are_empty" CHECK ("state" = 'open' OR "points" = 0),
  ADD CONSTRAINT "holds_state_known" CHECK ("state" IN ('open', 'settled', 'released', 'barred'));
ALTER TABLE "charges"
  ADD CONSTRAINT "charges_refunded_within_points" CHECK ("points" >= 0 AND "refunded" BETWEEN 0 AND "points");
ALTER TABLE "refunds"
  ADD CONSTRAINT "refunds_points_not_negative" CHECK ("points" >= 0);
ALTER TABLE "transfers"
  ADD CONSTRAINT "transfers_amount_above_zero" CHECK ("amount" > 0),
  ADD CONSTRAINT "transfers_two_accounts" CHECK ("debit_account" <> "credit_account");
-- Invariant 1, as far as one row can say it: what was purchased is in main, sub-accounts, holds or used.
ALTER TABLE "main_accounts"
  ADD CONSTRAINT "main_accounts_balances_sum_to_zero"
    CHECK ("balance" + "granted" + "held" + "used" = "purchased"),
  ADD CONSTRAINT "main_accounts_parts_not_negative" CHECK ("granted" >= 0 AND "held" >= 0 AND "used" >= 0);
ALTER TABLE "lanes"
  ADD CONSTRAINT "lanes_cursor_within_sequence" CHECK ("published_sequence" BETWEEN 0 AND "lane_sequence");

-- Rows that are updated all the time, and never in an indexed column: room in the page keeps the updates
-- heap-only (HOT), so that no index grows with them.
ALTER TABLE "lanes" SET (fillfactor = 30);
ALTER TABLE "main_accounts" SET (fillfactor = 50);
ALTER TABLE "sub_accounts" SET (fillfactor = 50);
ALTER TABLE "holds" SET (fillfactor = 80);
-- A charge changes only when it is refunded.
ALTER TABLE "charges" SET (fillfactor = 95);
