const TRANSFER_OF = (messageId: string, kind: string) => `message_id = '${messageId}' AND kind = '${kind}'`;
const CHARGED = (messageId: string) =>
  `type = 'subledger.message.charged.v1' AND payload LIKE '%"messageId":"${messageId}","period"%'`;
/** A damage of the block with the prepay account's second event. */
const BLOCK = (damage: string) =>
  `UPDATE journal SET ${damage} FROM journal_events e WHERE e.sequence = 2 AND e.main_account_id = 'PREPAY'
    AND journal.lane = e.lane AND e.lane_sequence BETWEEN first_sequence AND last_sequence`;
const LAST = "(SELECT max(sequence) FROM journal_events WHERE main_account_id = 'PREPAY')";

/** The command with the second event of the prepay account. */
const SECOND = `(lane, lane_sequence) IN (SELECT lane, lane_sequence FROM journal_events WHERE sequence = 2 AND main_account_id = 'PREPAY')`;

/**
 * SQL changes to the books of `variedBooks` (PREPAY, POSTPAY, WRITER, HOLDER and LEAVER are replaced by ids) and, in
 * the table `journal_events`, to the journal; and exactly those checks that must fail.
 */
export const CORRUPTIONS: [what: string, sql: string, found: string[]][] = [
  [
    'purchased points too many',
    "UPDATE main_accounts SET purchased = purchased + 1 WHERE main_account_id = 'PREPAY'",
    ['balances-equal-transfers', 'balances-sum-to-zero'],
  ],
  [
    'two balances off by the same',
    "UPDATE main_accounts SET purchased = purchased + 1, balance = balance + 1 WHERE main_account_id = 'PREPAY'",
    ['balances-equal-transfers'],
  ],
  [
    "a sub-account's balance off by one",
    "UPDATE sub_accounts SET remaining = remaining + 1 WHERE sub_account_id = 'WRITER'",
    ['balances-equal-transfers', 'balances-sum-to-zero', 'main-account-counters'],
  ],
  [
    'a sub-account that is gone',
    "DELETE FROM sub_accounts WHERE sub_account_id = 'HOLDER'",
    ['balances-equal-transfers', 'balances-sum-to-zero', 'main-account-counters', 'statement-holds'],
  ],
  [
    "a transfer's balance off by one",
    `UPDATE transfers SET credit_balance = credit_balance + 1 WHERE ${TRANSFER_OF('plain', 'message-charge')}`,
    ['running-balances'],
  ],
  [
    "a transfer's amount off by one",
    `UPDATE transfers SET amount = amount + 1 WHERE ${TRANSFER_OF('plain', 'message-charge')}`,
    ['balances-equal-transfers', 'message-charged-once', 'running-balances', 'statement-usage'],
  ],
  [
    'a transfer on another account',
    `UPDATE transfers SET debit_account = 'main' WHERE ${TRANSFER_OF('plain', 'message-charge')}`,
    ['balances-equal-transfers', 'running-balances'],
  ],
  [
    'a transfer removed',
    `DELETE FROM transfers WHERE ${TRANSFER_OF('late', 'message-overage')}`,
    [
      'balances-equal-transfers',
      'message-charged-once',
      'running-balances',
      'statement-usage',
      'transfer-sequence',
    ],
  ],
  [
    'a transfer doubled',
    `INSERT INTO transfers SELECT (jsonb_populate_record(t, jsonb_build_object('at', t.at + interval '1 ms'))).* FROM transfers t WHERE kind = 'purchase'`,
    ['balances-equal-transfers', 'running-balances', 'transfer-sequence'],
  ],
  [
    'a transfer with the next number',
    "UPDATE transfers SET sequence = sequence + 1 WHERE sequence = (SELECT transfer_sequence FROM main_accounts WHERE main_account_id = 'PREPAY') AND main_account_id = 'PREPAY'",
    ['transfer-sequence'],
  ],
  [
    'a sub-account below 0 after a transfer',
    `UPDATE transfers SET debit_balance = -1 WHERE ${TRANSFER_OF('plain', 'message-charge')}`,
    ['no-negative-balance', 'running-balances'],
  ],
  [
    'a grant beyond the credit limit',
    `UPDATE journal_events SET payload = replace(payload, '"creditLimit":"500"', '"creditLimit":"199.999"') WHERE main_account_id = 'POSTPAY'`,
    ['available-not-exceeded'],
  ],
  [
    'a grant beyond what a prepay account had',
    `UPDATE journal_events SET payload = replace(payload, '"plan":"postpay"', '"plan":"prepay"') WHERE main_account_id = 'POSTPAY'`,
    ['available-not-exceeded'],
  ],
  [
    'an event removed',
    "DELETE FROM journal_events WHERE type = 'subledger.limit.exceeded.v1'",
    ['event-sequence'],
  ],
  [
    'an event doubled',
    "INSERT INTO journal_events SELECT (jsonb_populate_record(j, jsonb_build_object('at', j.at + interval '1 ms'))).* FROM journal_events j WHERE type = 'subledger.limit.exceeded.v1'",
    ['event-sequence'],
  ],
  [
    'a gap and a repeat at once',
    "UPDATE journal_events SET sequence = sequence - 2, at = at - interval '1 ms' WHERE type = 'subledger.limit.exceeded.v1'",
    ['event-sequence'],
  ],
  [
    'a command that stands for another outcome',
    `UPDATE commands SET lane_sequence = lane_sequence + 1 WHERE ${SECOND}`,
    ['command-outcome-once'],
  ],
  ['a command id forgotten', `DELETE FROM commands WHERE ${SECOND}`, ['command-outcome-once']],
  [
    'two outcomes of a command id',
    "UPDATE journal_events SET cause_id = (SELECT cause_id FROM journal_events WHERE sequence = 2 AND main_account_id = 'PREPAY') WHERE sequence = 3 AND main_account_id = 'PREPAY'",
    ['command-outcome-once'],
  ],
  [
    'a charge off by one',
    "UPDATE charges SET points = points + 1 WHERE message_id = 'plain'",
    ['message-charged-once'],
  ],
  [
    'a charge of another period',
    "UPDATE charges SET period = '2001-01' WHERE message_id = 'plain'",
    ['message-charged-once'],
  ],
  [
    'a charge without a transfer',
    `INSERT INTO charges SELECT (jsonb_populate_record(c, '{"message_id":"forged"}')).* FROM charges c WHERE message_id = 'late'`,
    ['charge-events', 'message-charged-once'],
  ],
  [
    'a charge removed',
    "DELETE FROM charges WHERE message_id = 'late'",
    ['charge-events', 'message-charged-once'],
  ],
  [
    'a message charged by two events',
    `UPDATE transfers SET event_sequence = event_sequence - 1 WHERE ${TRANSFER_OF('overage', 'message-charge')}`,
    ['message-charged-once'],
  ],
  [
    'an event that charges nothing',
    `UPDATE journal_events SET type = 'subledger.message.charged.v1' WHERE type = 'subledger.limit.exceeded.v1'`,
    ['charge-events'],
  ],
  [
    'a charge whose event is of another type',
    `UPDATE journal_events SET type = 'subledger.limit.exceeded.v1' WHERE ${CHARGED('late')}`,
    ['charge-events'],
  ],
  ['a refund forgotten', "DELETE FROM refunds WHERE message_id = 'plain'", ['refunds-within-charge']],
  [
    'a charge that was refunded more than its refunds',
    "UPDATE charges SET refunded = refunded + 1 WHERE message_id = 'plain'",
    ['refunds-within-charge'],
  ],
  [
    'a refund beyond its charge',
    "UPDATE charges SET points = 1000 WHERE message_id = 'plain'",
    ['message-charged-once', 'refunds-within-charge'],
  ],
  [
    'a hold resolved by two events',
    `UPDATE transfers SET event_sequence = event_sequence + 1 WHERE message_id = 'settled' AND kind = 'hold-release'`,
    ['hold-resolved-once'],
  ],
  [
    'a settled hold that counts as released',
    "UPDATE holds SET state = 'released' WHERE message_id = 'settled'",
    ['hold-resolved-once'],
  ],
  [
    'a resolved hold that counts as open',
    "UPDATE holds SET state = 'open' WHERE message_id = 'released'",
    ['hold-resolved-once', 'holds-empty-once-resolved'],
  ],
  [
    'an open hold that counts as resolved',
    "UPDATE holds SET state = 'released' WHERE message_id = 'open'",
    ['hold-resolved-once', 'holds-empty-once-resolved'],
  ],
  [
    'an open hold that is gone',
    "DELETE FROM holds WHERE message_id = 'open'",
    ['balances-equal-transfers', 'balances-sum-to-zero', 'main-account-counters', 'statement-holds'],
  ],
  [
    'an open hold with a point more',
    "UPDATE holds SET points = points + 1000 WHERE message_id = 'open-too'",
    ['balances-equal-transfers', 'balances-sum-to-zero', 'main-account-counters', 'open-period-counters'],
  ],
  [
    'a second roll of a period',
    `INSERT INTO journal_events SELECT (jsonb_populate_record(j, jsonb_build_object('at', j.at + interval '1 ms', 'sequence', ${LAST} + 1))).* FROM journal_events j WHERE type = 'subledger.period.rolled.v1';
     UPDATE main_accounts SET sequence = sequence + 1 WHERE main_account_id = 'PREPAY'`,
    ['period-rolled-once'],
  ],
  [
    "a statement's opening off by one",
    "UPDATE period_statements SET opening = opening + 1 WHERE sub_account_id = 'WRITER'",
    ['statement-closings'],
  ],
  [
    'a statement that nothing closed',
    'INSERT INTO period_statements SELECT (jsonb_populate_record(s, \'{"period":"2001-01","used":0,"late_used":0,"late_refunded":0}\')).* FROM period_statements s WHERE sub_account_id = \'WRITER\'',
    ['statement-closings'],
  ],
  [
    'a statement that is gone',
    "DELETE FROM period_statements WHERE sub_account_id = 'HOLDER'",
    ['statement-closings', 'statement-holds', 'statement-returned', 'statement-usage'],
  ],
  [
    'late usage off by one',
    "UPDATE period_statements SET late_used = late_used + 1 WHERE sub_account_id = 'WRITER'",
    ['statement-usage'],
  ],
  [
    'late refunds off by one',
    "UPDATE period_statements SET late_refunded = late_refunded + 1 WHERE sub_account_id = 'WRITER'",
    ['statement-usage'],
  ],
  [
    'returned off by one',
    "UPDATE period_statements SET returned = returned + 1 WHERE sub_account_id = 'LEAVER'",
    ['statement-closings', 'statement-returned'],
  ],
  [
    'more returned late than was held',
    "UPDATE period_statements SET late_returned = late_returned + 10000 WHERE sub_account_id = 'HOLDER'",
    ['statement-holds'],
  ],
  [
    "a sub-account's used off by one",
    "UPDATE sub_accounts SET used = used + 1 WHERE sub_account_id = 'WRITER'",
    ['open-period-counters'],
  ],
  [
    "a sub-account's overage off by one",
    "UPDATE sub_accounts SET overage = overage + 1 WHERE sub_account_id = 'WRITER'",
    ['open-period-counters'],
  ],
  [
    "a sub-account's held off by one",
    "UPDATE sub_accounts SET held = held + 1 WHERE sub_account_id = 'HOLDER'",
    ['open-period-counters'],
  ],
  [
    'a count of sub-accounts off by one',
    "UPDATE main_accounts SET active_sub_accounts = active_sub_accounts + 1 WHERE main_account_id = 'PREPAY'",
    ['main-account-counters'],
  ],
  [
    'a lane published beyond its end',
    'UPDATE lanes SET published_sequence = lane_sequence + 1 WHERE lane = 0',
    ['lanes'],
  ],
  [
    'an event beyond its lane',
    "UPDATE journal_events SET lane_sequence = lane_sequence + 1000000 WHERE type = 'subledger.period.rolled.v1'",
    ['lanes'],
  ],
  [
    'rows without a partition',
    "UPDATE transfers SET at = '2001-01-01' WHERE kind = 'purchase'",
    ['default-partitions'],
  ],
  [
    'a block of the journal with a wrong byte',
    BLOCK('payload = set_byte(journal.payload, 40, get_byte(journal.payload, 40) # 1)'),
    ['command-outcome-once', 'event-sequence', 'journal-blocks'],
  ],
  [
    'a block of the journal that is torn',
    BLOCK('payload = substring(journal.payload FROM 1 FOR 40)'),
    ['command-outcome-once', 'event-sequence', 'journal-blocks'],
  ],
];
