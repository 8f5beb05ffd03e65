-- AlterTable
ALTER TABLE "period_statement" ADD COLUMN     "late_refunded" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "late_returned" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "late_used" BIGINT NOT NULL DEFAULT 0,
ALTER COLUMN "closed_at" DROP NOT NULL;

-- AlterTable
ALTER TABLE "read_model_rebuild" ADD COLUMN     "from_generation" INTEGER,
ADD COLUMN     "from_sequence" BIGINT,
ADD COLUMN     "history" BOOLEAN NOT NULL DEFAULT true;
