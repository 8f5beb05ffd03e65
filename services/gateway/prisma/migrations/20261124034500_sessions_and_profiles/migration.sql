-- AlterTable
ALTER TABLE "login" ADD COLUMN     "configured_hash" TEXT;

-- CreateTable
CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "kind" TEXT NOT NULL,
    "login_key" TEXT,
    "main_account_id" TEXT,
    "sub_account_id" TEXT,
    "password_mark" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "idle_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "login_attempt" (
    "key_hash" BYTEA NOT NULL,
    "attempts" INTEGER NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "login_attempt_pkey" PRIMARY KEY ("key_hash")
);

-- CreateTable
CREATE TABLE "profile_change" (
    "id" BIGSERIAL NOT NULL,
    "main_account_id" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,

    CONSTRAINT "profile_change_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "session_token_hash_key" ON "session"("token_hash");

-- CreateIndex
CREATE INDEX "session_main_account_id_sub_account_id_idx" ON "session"("main_account_id", "sub_account_id");

-- CreateIndex
CREATE INDEX "session_idle_at_idx" ON "session"("idle_at");

-- CreateIndex
CREATE INDEX "login_attempt_ends_at_idx" ON "login_attempt"("ends_at");

-- Sub-accounts that were there before their profiles were published.
INSERT INTO "profile_change" ("main_account_id", "sub_account_id")
SELECT "main_account_id", "sub_account_id" FROM "sub_account_state";
