-- The field's word: the start of a period.
ALTER TABLE "month_turn" RENAME TO "period_start";
ALTER TABLE "period_start" RENAME CONSTRAINT "month_turn_pkey" TO "period_start_pkey";
