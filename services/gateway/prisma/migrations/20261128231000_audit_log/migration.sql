-- CreateTable
CREATE TABLE "audit_entry" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "main_account_id" TEXT,
    "sub_account_id" TEXT,
    "action" TEXT NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "actor_name" TEXT,
    "credential" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "user_agent" TEXT,
    "request_id" TEXT NOT NULL,
    "objects" JSONB NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "outcome" TEXT NOT NULL,
    "code" TEXT,
    "operation_id" TEXT,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_entry_main_account_id_at_id_idx" ON "audit_entry"("main_account_id", "at", "id");

-- CreateIndex
CREATE INDEX "audit_entry_main_account_id_sub_account_id_at_id_idx" ON "audit_entry"("main_account_id", "sub_account_id", "at", "id");

-- CreateIndex
CREATE INDEX "audit_entry_at_id_idx" ON "audit_entry"("at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_entry_operation_id_key" ON "audit_entry"("operation_id");

-- Written by hand: an entry stays as it is. Only the outcome of a pending one is written once, and only the retention,
-- which says from when on entries are kept, takes older ones away.
CREATE FUNCTION "keep_audit_entry"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at < nullif(current_setting('subledger.audit_kept_from', true), '')::timestamptz THEN
      RETURN OLD;
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    IF OLD.outcome = 'pending' AND NEW.outcome IN ('done', 'refused')
       AND to_jsonb(NEW) - ARRAY['outcome', 'code', 'finished_at'] = to_jsonb(OLD) - ARRAY['outcome', 'code', 'finished_at'] THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'entries of the audit log are not changed' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "audit_entry_is_kept" BEFORE UPDATE OR DELETE ON "audit_entry"
  FOR EACH ROW EXECUTE FUNCTION "keep_audit_entry"();
CREATE TRIGGER "audit_entries_are_kept" BEFORE TRUNCATE ON "audit_entry"
  FOR EACH STATEMENT EXECUTE FUNCTION "keep_audit_entry"();
