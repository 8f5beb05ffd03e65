ALTER TABLE "login_attempt"
  ADD COLUMN "next_at" TIMESTAMPTZ(6),
  ADD COLUMN "refused" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "main_account_id" TEXT;
CREATE INDEX "login_attempt_main_account_id_idx" ON "login_attempt"("main_account_id");

CREATE TABLE "known_device" (
  "token_hash" BYTEA NOT NULL,
  "account_hash" BYTEA NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "known_device_pkey" PRIMARY KEY ("token_hash", "account_hash")
);
CREATE INDEX "known_device_expires_at_idx" ON "known_device"("expires_at");
