ALTER TABLE "main_accounts"
  ADD COLUMN "suspend_below" BIGINT,
  ADD COLUMN "month_start_failed" BOOLEAN NOT NULL DEFAULT false;

-- The first purchase, or adjustment, of a main account that had a reference. Never updated, and kept for ever: an invoice
-- is to be booked once, however long ago that was.
CREATE TABLE "booked_references" (
    "main_account_id" TEXT NOT NULL,
    "reference_key" TEXT NOT NULL,
    "transfer" BIGINT NOT NULL,
    "points" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "booked_references_pkey" PRIMARY KEY ("main_account_id", "reference_key")
);

-- What was booked before; the key as `referenceKey` of the core makes it.
INSERT INTO "booked_references" ("main_account_id", "reference_key", "transfer", "points", "at")
SELECT DISTINCT ON ("main_account_id", "key") "main_account_id", "key", "sequence", "signed", "at"
  FROM (
    SELECT "main_account_id", "sequence", "at",
           CASE WHEN "debit_account" = 'main' THEN -"amount" ELSE "amount" END AS "signed",
           btrim(lower(normalize("reference", NFKC)), E' \t\n\r\u00a0\u3000') AS "text",
           left(CASE "kind" WHEN 'purchase' THEN 'purchase:' ELSE 'adjustment:' END
             || btrim(lower(normalize("reference", NFKC)), E' \t\n\r\u00a0\u3000'), 600) AS "key"
      FROM "transfers" WHERE "kind" IN ('purchase', 'adjustment')
  ) AS booked
 WHERE "text" <> ''
 ORDER BY "main_account_id", "key", "sequence";
