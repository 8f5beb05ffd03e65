-- Written by hand: the message log. Prisma's schema language knows neither partitions nor collations of columns; all
-- of these tables are read and written by SQL alone (src/message-log).

-- Every message of the log, by month (UTC) of its sending. Content and recipient are personal data.
-- Ids compare byte by byte ("C"): cheaper, and the same order on every server.
CREATE TABLE "message_log" (
    "main_account_id" TEXT COLLATE "C" NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "message_id" TEXT COLLATE "C" NOT NULL,
    "sub_account_id" TEXT COLLATE "C" NOT NULL,
    "sender" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "segments" INTEGER NOT NULL,
    "millipoints" BIGINT NOT NULL,
    "refunded" BIGINT NOT NULL,
    "status" TEXT,
    "status_at" TIMESTAMPTZ(3),
    "delivery_end_at" TIMESTAMPTZ(3),
    "shortlink_status" TEXT,
    "shortlink_status_at" TIMESTAMPTZ(3),
    "shortlink_url" TEXT,
    "shortlink_url_at" TIMESTAMPTZ(3),
    -- Where its record stands in sms.messages.v1: what a dead letter of the ledger names.
    "source_partition" INTEGER NOT NULL,
    "source_offset" BIGINT NOT NULL,

    CONSTRAINT "message_log_pkey" PRIMARY KEY ("main_account_id", "sent_at", "message_id"),
    CONSTRAINT "message_log_refunded_within_points" CHECK ("millipoints" >= 0 AND "refunded" BETWEEN 0 AND "millipoints")
) PARTITION BY RANGE ("sent_at");
-- A sub-account's own log.
CREATE INDEX "message_log_sub_account" ON "message_log" ("main_account_id", "sub_account_id", "sent_at", "message_id");

-- When a message was sent, by its id: an id is charged once, whatever its month, and a status or refund finds its
-- message with one look-up instead of one per month.
CREATE TABLE "message_key" (
    "main_account_id" TEXT COLLATE "C" NOT NULL,
    "message_id" TEXT COLLATE "C" NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_key_pkey" PRIMARY KEY ("main_account_id", "message_id")
);

-- Statuses that came before their message, as one per message.
CREATE TABLE "message_early_status" (
    "main_account_id" TEXT COLLATE "C" NOT NULL,
    "message_id" TEXT COLLATE "C" NOT NULL,
    "status" TEXT,
    "status_at" TIMESTAMPTZ(3),
    "delivery_end_at" TIMESTAMPTZ(3),
    "shortlink_status" TEXT,
    "shortlink_status_at" TIMESTAMPTZ(3),
    "shortlink_url" TEXT,
    "shortlink_url_at" TIMESTAMPTZ(3),
    "noted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_early_status_pkey" PRIMARY KEY ("main_account_id", "message_id")
);

CREATE TABLE "message_refund" (
    "main_account_id" TEXT COLLATE "C" NOT NULL,
    "refund_id" TEXT COLLATE "C" NOT NULL,
    "message_id" TEXT COLLATE "C" NOT NULL,
    -- What it asks for; the message's "refunded" is the sum, at most what was charged.
    "millipoints" BIGINT NOT NULL,
    "source_partition" INTEGER NOT NULL,
    "source_offset" BIGINT NOT NULL,
    "noted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_refund_pkey" PRIMARY KEY ("main_account_id", "refund_id")
);
CREATE INDEX "message_refund_message" ON "message_refund" ("main_account_id", "message_id");

-- Records of sms.messages.v1 that the ledger did not book. The time tells a recreated topic's records apart.
CREATE TABLE "message_refused" (
    "source_partition" INTEGER NOT NULL,
    "source_offset" BIGINT NOT NULL,
    "source_at" TIMESTAMPTZ(3) NOT NULL,
    "noted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_refused_pkey" PRIMARY KEY ("source_partition", "source_offset", "source_at")
);

-- Messages and refunds whose id stood for another one when they were read. Should the ledger refuse that one, theirs is
-- the turn. Facts as JSON, contents included.
CREATE TABLE "message_rival" (
    "main_account_id" TEXT COLLATE "C" NOT NULL,
    "kind" TEXT COLLATE "C" NOT NULL,
    -- Message id or refund id, as the kind is.
    "id" TEXT COLLATE "C" NOT NULL,
    "source_partition" INTEGER NOT NULL,
    "source_offset" BIGINT NOT NULL,
    "fact" TEXT NOT NULL,
    "noted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_rival_pkey" PRIMARY KEY ("main_account_id", "kind", "id", "source_partition", "source_offset")
);

-- Sums of the log by quarter of an hour of the sending: days of every time zone are made of them.
CREATE TABLE "message_usage" (
    "main_account_id" TEXT COLLATE "C" NOT NULL,
    "quarter" TIMESTAMPTZ(0) NOT NULL,
    "sub_account_id" TEXT COLLATE "C" NOT NULL,
    "messages" BIGINT NOT NULL,
    "millipoints" BIGINT NOT NULL,
    "refunded" BIGINT NOT NULL,

    CONSTRAINT "message_usage_pkey" PRIMARY KEY ("main_account_id", "quarter", "sub_account_id")
) WITH (fillfactor = 60);

-- Creates the partition of a month if there is none, and says whether it did. Attached, not created in place, so that
-- writers go on meanwhile. Room in the pages keeps the updates of status and refunds heap-only (HOT).
CREATE FUNCTION "create_month_partition"(parent TEXT, month DATE) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  partition TEXT := parent || to_char(month, '_YYYY_MM');
  first TIMESTAMPTZ := date_trunc('month', month::TIMESTAMP) AT TIME ZONE 'UTC';
  after TIMESTAMPTZ := (date_trunc('month', month::TIMESTAMP) + INTERVAL '1 month') AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass(partition) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (fillfactor = 70)', partition, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, first, after);
  RETURN true;
END
$$;
SELECT "create_month_partition"('message_log', (date_trunc('month', now() AT TIME ZONE 'UTC') + n * INTERVAL '1 month')::DATE)
FROM generate_series(-1, 2) AS n;
-- A sending that no month has (a clock far off, or older than what is kept) goes here: nothing stops for it.
CREATE TABLE "message_log_default" PARTITION OF "message_log" DEFAULT;

-- A text as a cell of a file that is opened in a spreadsheet: what would begin a formula gets a leading apostrophe.
CREATE FUNCTION "csv_cell"(cell TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    -- Letters, of any script: most cells end here.
    WHEN ascii(cell) > 64 AND (ascii(cell) < 127 OR ascii(cell) > 159) THEN cell
    -- = + - @, and control characters.
    WHEN ascii(cell) IN (43, 45, 61, 64) OR ascii(cell) BETWEEN 1 AND 31 OR ascii(cell) >= 127 THEN '''' || cell
    ELSE cell
  END
$$;
