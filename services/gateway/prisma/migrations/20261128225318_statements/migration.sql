-- AlterTable
ALTER TABLE "sub_account_state" ADD COLUMN     "opening" BIGINT,
ADD COLUMN     "ordinal" INTEGER;

-- CreateTable
CREATE TABLE "period_statement" (
    "main_account_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "closed_at" TIMESTAMPTZ(3) NOT NULL,
    "opening" BIGINT NOT NULL,
    "limit_points" BIGINT NOT NULL,
    "boost" BIGINT NOT NULL,
    "granted" BIGINT NOT NULL,
    "used" BIGINT NOT NULL,
    "overage" BIGINT NOT NULL,
    "held" BIGINT NOT NULL,
    "returned" BIGINT NOT NULL,

    CONSTRAINT "period_statement_pkey" PRIMARY KEY ("main_account_id","period","sub_account_id")
);

-- CreateTable
CREATE TABLE "period_late_fact" (
    "main_account_id" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "generation" INTEGER NOT NULL,
    "period" TEXT NOT NULL,
    "sub_account_id" TEXT NOT NULL,
    "used" BIGINT NOT NULL,
    "refunded" BIGINT NOT NULL,
    "returned" BIGINT NOT NULL,

    CONSTRAINT "period_late_fact_pkey" PRIMARY KEY ("main_account_id","sequence")
);

-- CreateTable
CREATE TABLE "month_turn" (
    "main_account_id" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "balance" BIGINT,

    CONSTRAINT "month_turn_pkey" PRIMARY KEY ("main_account_id","period")
);

-- CreateIndex
CREATE INDEX "period_late_fact_main_account_id_period_sub_account_id_idx" ON "period_late_fact"("main_account_id", "period", "sub_account_id");

-- Where the events began before these tables: the open period has begun, with a balance that is not known any more.
INSERT INTO "month_turn" ("main_account_id", "period", "generation", "sequence", "at", "balance")
SELECT "main_account_id", "period", "generation", 0, "at", NULL FROM "main_account_state";
