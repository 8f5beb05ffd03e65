-- Until now the configuration was the only source of operators: all of them are the configured one, or one that it had
-- before and that goes with the next start.
ALTER TABLE "login" ADD COLUMN "is_configured" BOOLEAN NOT NULL DEFAULT false;
UPDATE "login" SET "is_configured" = true WHERE "kind" = 'operator';
