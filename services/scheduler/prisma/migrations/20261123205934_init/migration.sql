-- CreateTable
CREATE TABLE "main_accounts" (
    "main_account_id" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "next_period" TEXT NOT NULL,
    "next_month_start" TIMESTAMPTZ(3) NOT NULL,
    "generation" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "main_accounts_pkey" PRIMARY KEY ("main_account_id")
);

-- CreateTable
CREATE TABLE "event_positions" (
    "topic" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "next_offset" BIGINT NOT NULL,
    "high_watermark" BIGINT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_positions_pkey" PRIMARY KEY ("topic","partition")
);

-- CreateTable
CREATE TABLE "run_items" (
    "period" TEXT NOT NULL,
    "main_account_id" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claimed_at" TIMESTAMPTZ(3),
    "emitted_at" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "answered_at" TIMESTAMPTZ(3),
    "funded" INTEGER NOT NULL DEFAULT 0,
    "unfunded" INTEGER NOT NULL DEFAULT 0,
    "code" TEXT,
    "generation" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "run_items_pkey" PRIMARY KEY ("period","main_account_id")
);

-- CreateTable
CREATE TABLE "runs" (
    "period" TEXT NOT NULL,
    "first_due_at" TIMESTAMPTZ(3) NOT NULL,
    "last_due_at" TIMESTAMPTZ(3) NOT NULL,
    "due" INTEGER NOT NULL DEFAULT 0,
    "emitted" INTEGER NOT NULL DEFAULT 0,
    "rolled" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "unfunded" INTEGER NOT NULL DEFAULT 0,
    "unfunded_sub_accounts" INTEGER NOT NULL DEFAULT 0,
    "lag_ms" BIGINT NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "runs_pkey" PRIMARY KEY ("period")
);

-- CreateTable
CREATE TABLE "job_runs" (
    "id" BIGSERIAL NOT NULL,
    "job" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "as_of" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "detail" JSONB,

    CONSTRAINT "job_runs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "main_accounts_next_month_start_main_account_id_idx" ON "main_accounts"("next_month_start", "main_account_id");

-- CreateIndex
CREATE INDEX "run_items_state_due_at_idx" ON "run_items"("state", "due_at");

-- CreateIndex
CREATE INDEX "job_runs_job_started_at_idx" ON "job_runs"("job", "started_at");
