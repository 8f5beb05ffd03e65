-- CreateTable
CREATE TABLE "stream_watch" (
    "main_account_id" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stream_watch_pkey" PRIMARY KEY ("main_account_id","instance")
);
