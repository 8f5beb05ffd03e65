-- AlterTable
ALTER TABLE "main_account" ADD COLUMN     "country" TEXT NOT NULL DEFAULT 'JP';
