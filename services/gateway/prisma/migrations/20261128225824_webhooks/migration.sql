-- CreateTable
CREATE TABLE "webhook" (
    "main_account_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "events" TEXT[],
    "description" TEXT NOT NULL DEFAULT '',
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "disabled_reason" TEXT,
    "disabled_at" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "secret" BYTEA NOT NULL,
    "previous_secret" BYTEA,
    "previous_secret_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_pkey" PRIMARY KEY ("main_account_id","id")
);

-- CreateTable
CREATE TABLE "webhook_delivery" (
    "main_account_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "webhook_id" TEXT NOT NULL,
    "event" TEXT NOT NULL,
    "dedupe_key" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "response_status" INTEGER,
    "duration_ms" INTEGER,
    "error" TEXT,
    "next_attempt_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "lease_id" TEXT,
    "retries_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("main_account_id","id")
);

-- CreateTable
CREATE TABLE "webhook_mark" (
    "main_account_id" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "marks" TEXT[],

    CONSTRAINT "webhook_mark_pkey" PRIMARY KEY ("main_account_id","sub_account_id")
);

-- CreateIndex
CREATE INDEX "webhook_updated_at_idx" ON "webhook"("updated_at");

-- CreateIndex
CREATE INDEX "webhook_delivery_main_account_id_webhook_id_id_idx" ON "webhook_delivery"("main_account_id", "webhook_id", "id");

-- CreateIndex
CREATE INDEX "webhook_delivery_next_attempt_at_main_account_id_webhook_id_idx" ON "webhook_delivery"("next_attempt_at", "main_account_id", "webhook_id");

-- CreateIndex
CREATE INDEX "webhook_delivery_created_at_idx" ON "webhook_delivery"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_delivery_main_account_id_webhook_id_dedupe_key_key" ON "webhook_delivery"("main_account_id", "webhook_id", "dedupe_key");
