-- Open holds by their end, for the ledger's search for those that are over. Holds that are used or released leave it.
CREATE INDEX holds_expiry ON holds (expires_at, main_account_id, message_id) WHERE state = 'open';
