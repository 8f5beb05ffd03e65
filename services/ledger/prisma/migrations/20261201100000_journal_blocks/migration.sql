-- Written by hand: the journal in blocks (docs/decisions/0037).

-- A ledger of the release before could not write any more, and would take each record for a bad one.
DO $$
BEGIN
  IF EXISTS (SELECT FROM "lanes") AND EXISTS (SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'subledger-ledger') THEN
    RAISE EXCEPTION 'Stop all ledgers first: this migration changes the form of their journal.';
  END IF;
END
$$;

-- The rows of before, under another name. `npm run ledger -- pack-journal`, or the next start of the
-- ledger, makes blocks of them and drops them.
-- A detached month keeps its name.
DO $$
DECLARE
  old RECORD;
BEGIN
  FOR old IN
    SELECT c.oid, c.relname AS name, c.relkind AS kind FROM pg_class c
     WHERE c.oid = 'journal'::regclass
        OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'journal'::regclass)
        OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'journal'::regclass
              OR indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'journal'::regclass))
     ORDER BY c.relname
  LOOP
    EXECUTE format('ALTER %s %I RENAME TO %I', CASE WHEN old.kind IN ('i', 'I') THEN 'INDEX' ELSE 'TABLE' END,
      old.name, regexp_replace(old.name, '^journal', 'journal_rows'));
  END LOOP;
END
$$;

CREATE TABLE "journal" (
    "lane" INTEGER NOT NULL,
    "first_sequence" BIGINT NOT NULL,
    "last_sequence" BIGINT NOT NULL,
    "generation" INTEGER NOT NULL,
    -- Broker time of the first event. The events of a block are of one month (UTC).
    "at" TIMESTAMPTZ(3) NOT NULL,
    "format" SMALLINT NOT NULL,
    "checksum" BIGINT NOT NULL,
    "payload" BYTEA NOT NULL,

    CONSTRAINT "journal_pkey" PRIMARY KEY ("lane", "last_sequence", "at"),
    CONSTRAINT "journal_has_events" CHECK ("first_sequence" <= "last_sequence")
) PARTITION BY RANGE ("at");
-- It is compressed, so PostgreSQL need not try.
ALTER TABLE "journal" ALTER COLUMN "payload" SET STORAGE EXTERNAL;

SELECT "create_month_partition"('journal', month::DATE)
FROM (
  SELECT date_trunc('month', "at" AT TIME ZONE 'UTC') AS month FROM "journal_rows"
  UNION SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * INTERVAL '1 month' FROM generate_series(-1, 2) AS n
) AS months;
CREATE TABLE "journal_default" PARTITION OF "journal" DEFAULT;

-- Where the outcome of a command is, instead of its number among the main account's events.
ALTER TABLE "commands"
  ADD COLUMN "lane" INTEGER,
  ADD COLUMN "lane_sequence" BIGINT;
UPDATE "commands" c SET "lane" = j."lane", "lane_sequence" = j."lane_sequence"
  FROM "journal_rows" j
 WHERE c."payload" IS NULL AND j."main_account_id" = c."main_account_id" AND j."sequence" = c."event_sequence" AND j."at" = c."at";
UPDATE "commands" SET "lane" = 0 WHERE "lane" IS NULL;
ALTER TABLE "commands" ALTER COLUMN "lane" SET NOT NULL, DROP COLUMN "event_sequence";
ALTER TABLE "commands"
  ADD CONSTRAINT "commands_one_outcome" CHECK (("lane_sequence" IS NULL) <> ("payload" IS NULL));

-- New books have nothing to convert.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM "journal_rows") THEN
    DROP TABLE "journal_rows";
  END IF;
END
$$;
