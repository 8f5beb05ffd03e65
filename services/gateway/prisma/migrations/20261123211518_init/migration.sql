-- CreateTable
CREATE TABLE "main_account" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "login_key" TEXT NOT NULL,
    "sender_numbers" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "activation_requested_at" TIMESTAMPTZ(3),
    "activation_note" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "main_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "main_account_state" (
    "main_account_id" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "plan" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "credit_limit" BIGINT,
    "funding_policy" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "suspended" BOOLEAN NOT NULL,
    "period" TEXT NOT NULL,
    "next_month_start" TIMESTAMPTZ(3) NOT NULL,
    "balance" BIGINT NOT NULL,
    "available" BIGINT,
    "allocated" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "purchased" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "active_sub_accounts" INTEGER NOT NULL,

    CONSTRAINT "main_account_state_pkey" PRIMARY KEY ("main_account_id")
);

-- CreateTable
CREATE TABLE "sub_account" (
    "main_account_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "sender_numbers" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "settings_version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sub_account_pkey" PRIMARY KEY ("main_account_id","id")
);

-- CreateTable
CREATE TABLE "sub_account_state" (
    "main_account_id" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "lifecycle" TEXT NOT NULL,
    "paused" BOOLEAN NOT NULL,
    "period" TEXT NOT NULL,
    "limit_points" BIGINT NOT NULL,
    "next_limit" BIGINT,
    "boost" BIGINT NOT NULL,
    "granted" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "overage" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "remaining" BIGINT NOT NULL,
    "shortfall" BIGINT NOT NULL,
    "priority" INTEGER NOT NULL,

    CONSTRAINT "sub_account_state_pkey" PRIMARY KEY ("main_account_id","sub_account_id")
);

-- CreateTable
CREATE TABLE "sub_account_name" (
    "main_account_id" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "operation_id" TEXT,

    CONSTRAINT "sub_account_name_pkey" PRIMARY KEY ("main_account_id","name_key")
);

-- CreateTable
CREATE TABLE "transfer" (
    "main_account_id" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "generation" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "from_kind" TEXT NOT NULL,
    "to_kind" TEXT NOT NULL,
    "millipoints" BIGINT NOT NULL,
    "main_balance" BIGINT,
    "sub_balance" BIGINT,
    "main_line" BIGINT,
    "sub_line" BIGINT,
    "sub_account_id" TEXT,
    "message_id" TEXT,
    "period" TEXT NOT NULL,
    "reference" TEXT NOT NULL,

    CONSTRAINT "transfer_pkey" PRIMARY KEY ("main_account_id","sequence")
);

-- CreateTable
CREATE TABLE "operation" (
    "id" TEXT NOT NULL,
    "main_account_id" TEXT NOT NULL,
    "sub_account_id" TEXT,
    "action" TEXT NOT NULL,
    "asker" TEXT NOT NULL,
    "command_id" TEXT NOT NULL,
    "command" TEXT NOT NULL,
    "then_command_id" TEXT,
    "then_command" TEXT,
    "effects" JSONB,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "outcome" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "done_at" TIMESTAMPTZ(3),
    "next_send_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "operation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "scope" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "operation_id" TEXT,
    "sealed_answer" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("scope","route","key_hash")
);

-- CreateTable
CREATE TABLE "login" (
    "login_key" TEXT NOT NULL,
    "login" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "main_account_id" TEXT,
    "password_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "login_pkey" PRIMARY KEY ("login_key")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "main_account_id" TEXT,
    "name" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "main_account_login_key_key" ON "main_account"("login_key");

-- CreateIndex
CREATE INDEX "main_account_activation_requested_at_id_idx" ON "main_account"("activation_requested_at", "id");

-- CreateIndex
CREATE INDEX "sub_account_state_main_account_id_lifecycle_idx" ON "sub_account_state"("main_account_id", "lifecycle");

-- CreateIndex
CREATE INDEX "sub_account_name_main_account_id_sub_account_id_idx" ON "sub_account_name"("main_account_id", "sub_account_id");

-- CreateIndex
CREATE INDEX "transfer_main_account_id_main_line_idx" ON "transfer"("main_account_id", "main_line");

-- CreateIndex
CREATE INDEX "transfer_main_account_id_sub_account_id_sub_line_idx" ON "transfer"("main_account_id", "sub_account_id", "sub_line");

-- CreateIndex
CREATE INDEX "transfer_main_account_id_kind_main_line_idx" ON "transfer"("main_account_id", "kind", "main_line");

-- CreateIndex
CREATE INDEX "operation_main_account_id_sub_account_id_next_send_at_idx" ON "operation"("main_account_id", "sub_account_id", "next_send_at");

-- CreateIndex
CREATE INDEX "operation_next_send_at_idx" ON "operation"("next_send_at");

-- CreateIndex
CREATE INDEX "operation_done_at_idx" ON "operation"("done_at");

-- CreateIndex
CREATE UNIQUE INDEX "operation_main_account_id_command_id_key" ON "operation"("main_account_id", "command_id");

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "login_main_account_id_idx" ON "login"("main_account_id");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_key_hash_key" ON "api_key"("key_hash");

-- CreateIndex
CREATE INDEX "api_key_main_account_id_id_idx" ON "api_key"("main_account_id", "id");
