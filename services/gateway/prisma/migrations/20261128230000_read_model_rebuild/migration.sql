-- CreateTable
CREATE TABLE "read_model_rebuild" (
    "main_account_id" TEXT NOT NULL,
    "command_id" TEXT,
    "parts" INTEGER NOT NULL DEFAULT 0,
    "asked_at" TIMESTAMPTZ(3),
    "done_at" TIMESTAMPTZ(3),
    "refused" TEXT,

    CONSTRAINT "read_model_rebuild_pkey" PRIMARY KEY ("main_account_id")
);
