import { z } from 'zod';
import {
  instant,
  mainAccountId,
  nextTimeZone,
  period,
  pointLimit,
  points,
  priority,
  subAccountId,
  timeZone,
} from '../scalars.js';
import { FUNDING_POLICIES } from '../vocabulary.js';
import { CSV_RULES, csvReader, listOf, nextCursor, paging } from './fields.js';

/** A figure in points, with its description and an example. */
const figure = (description: string, example: string) => points.meta({ description, examples: [example] });
const count = (description: string, example: number) =>
  z
    .int()
    .min(0)
    .meta({ description, examples: [example] });

const balances = {
  openingBalance: points.nullable().meta({
    description:
      'Points of the main account at the month start: all that was unused is back, nothing is given yet. 0 where its ' +
      'books opened in this period; null where it is not known',
    examples: ['10000'],
  }),
  closingBalance: points.nullable().meta({
    description: 'The same at the end, so the opening balance of the next period; null while it is open',
    examples: ['8850'],
  }),
};
const closed = z.boolean().meta({
  description: 'Whether the period is over, and its figures final; only what comes late is added, apart',
  examples: [true],
});
const month = period.meta({
  description: 'Calendar month in the main account’s time zone',
  examples: ['2026-11'],
});

export const periodLine = z
  .object({ period: month, closed, ...balances })
  .meta({ id: 'PeriodLine', description: 'A period of a main account' });
export type PeriodLine = z.infer<typeof periodLine>;
export const periodList = listOf('PeriodList', periodLine);

export const ofPeriod = z.strictObject({ id: mainAccountId, period: month });

/** Sums over all sub-accounts have the same figures as a line. */
const figures = {
  boost: figure('Extra points for this period only', '200'),
  granted: figure('Points really given, less what was given back within the period', '1200'),
  used: figure('Points of its messages, overage included', '150'),
  overage: figure('The part of `used` that the main account paid directly', '0'),
  held: figure('Points in holds of this period; of a closed one those still open at its close', '2'),
  returned: figure('Points that went back to the main account when it closed', '1048'),
  remaining: figure('Points that it still has; 0 once it is closed', '0'),
  lateUsed: figure('Points of messages that came after the close; not in `used`', '1.2'),
  lateRefunded: figure('Points of messages that came back after the close', '0'),
  lateReturned: figure('Points of holds that came back to the main account after the close', '0.8'),
};
const name = z.string().meta({
  description: 'Its name; of a deleted one its last name, or its id where it has no name here',
  examples: ['Sales1'],
});
const opening = points.nullable().meta({
  description:
    'Points that it had when the period began, or when it was created in it; null where that is not known',
  examples: ['1000'],
});

export const statementLine = z
  .object({
    subAccountId,
    subAccount: name,
    closedAt: instant.nullable().meta({
      description:
        'When its figures became final: at the month start, or when it was deleted; null before, and where there are ' +
        'late figures alone',
      examples: ['2026-11-30T15:00:00Z'],
    }),
    opening,
    limit: pointLimit.meta({
      description: 'Its point limit at the close; in the open period now, in whole points',
      examples: ['1000'],
    }),
    ...figures,
  })
  .meta({
    id: 'StatementLine',
    description: 'A sub-account’s period. granted = used − overage + held + returned + remaining',
  });
export type StatementLine = z.infer<typeof statementLine>;

export const statementTotals = z
  .object({
    subAccounts: count('Sub-accounts in the statement', 12),
    opening,
    limit: figure('Sum of the point limits', '12000'),
    ...figures,
  })
  .meta({ id: 'StatementTotals', description: 'Of the whole period, not of this page' });

export const periodStatement = z
  .object({
    period: month,
    closed,
    ...balances,
    totals: statementTotals,
    items: z.array(statementLine).meta({ description: 'A line per sub-account, in order of their ids' }),
    nextCursor,
  })
  .meta({ id: 'PeriodStatement', description: 'A period per sub-account, in order of their ids' });
export type PeriodStatementView = z.infer<typeof periodStatement>;

/** Columns of the CSV, in this order. They are named like the fields of `StatementLine`. */
export const STATEMENT_CSV_COLUMNS = [
  'SUBACCOUNT',
  'SUBACCOUNT ID',
  'PERIOD',
  'CLOSED AT',
  'OPENING',
  'LIMIT',
  'BOOST',
  'GRANTED',
  'USED',
  'OVERAGE',
  'HELD',
  'RETURNED',
  'REMAINING',
  'LATE USED',
  'LATE REFUNDED',
  'LATE RETURNED',
] as const;

export const statementCsvQuery = z.strictObject({ for: csvReader });

export const statementCsv = z.string().meta({
  id: 'StatementCsv',
  description:
    `CSV (RFC 4180, CRLF, UTF-8 with BOM), the lines of the statement, columns ${STATEMENT_CSV_COLUMNS.join(', ')}. ` +
    `Times are in the main account’s zone with offset; CLOSED AT is empty while the line is open. ${CSV_RULES}`,
  examples: [
    `${STATEMENT_CSV_COLUMNS.join(',')}\r\nSales1,sa_019aa5f1-7a3e-7cc1-9d2e-1f0a6a3b4c5d,'2026-11,2026-12-01 00:00:00+09:00,1000,1000,0,1000,150,0,0,850,0,0,0,0\r\n`,
  ],
});

/** What the month start does to a sub-account's funding. */
export const RESET_OUTCOMES = ['funded', 'partly-funded', 'unfunded', 'inactive'] as const;
export type ResetOutcome = (typeof RESET_OUTCOMES)[number];
const resetOutcome = z.enum(RESET_OUTCOMES).meta({
  id: 'ResetOutcome',
  description: 'It gets its whole limit, a part of it (policy `partial`), nothing, or is not to get any',
  examples: ['funded'],
});

export const resetLine = z
  .object({
    subAccountId,
    subAccount: name,
    priority: priority.meta({ description: 'Funding order: lower is funded first', examples: [100] }),
    limit: pointLimit.meta({
      description: 'Its point limit from then on, in whole points: the pending one if there is one',
      examples: ['1000'],
    }),
    returned: figure('Points of it that go back to the main account', '850'),
    needed: figure('Points that it is to get: the limit; 0 where it is inactive', '1000'),
    granted: figure('Points that it gets', '1000'),
    shortfall: figure('Points of `needed` that it does not get', '0'),
    outcome: resetOutcome,
  })
  .meta({ id: 'ResetLine', description: 'What the next month start does to a sub-account' });
export type ResetLine = z.infer<typeof resetLine>;

export const resetPreview = z
  .object({
    period: period.meta({ description: 'The period that begins', examples: ['2026-12'] }),
    at: instant.meta({ description: 'When it begins', examples: ['2026-11-30T15:00:00Z'] }),
    fundingPolicy: z.enum(FUNDING_POLICIES).meta({
      description: 'What happens where the points do not suffice for a sub-account',
      examples: ['full'],
    }),
    timeZone: timeZone.meta({ description: 'Zone that the month begins in' }),
    nextTimeZone: nextTimeZone.meta({ description: 'Zone from then on; null where it stays' }),
    balance: figure('Points of the main account now', '8850'),
    returned: figure('Points that go back to it from all sub-accounts', '850'),
    available: points.nullable().meta({
      description: 'Points that can be given then: balance, returned and credit; null is unlimited',
      examples: ['9700'],
    }),
    needed: figure('Points that all active sub-accounts are to get', '1000'),
    granted: figure('Points that they get', '1000'),
    shortfall: figure('Points of `needed` that are missing', '0'),
    balanceAfter: figure('Points of the main account afterwards', '8700'),
    availableAfter: points.nullable().meta({
      description: 'Points that can still be given afterwards; null is unlimited',
      examples: ['8700'],
    }),
    funded: count('Active sub-accounts that get their whole limit', 1),
    partlyFunded: count('Active sub-accounts that get a part of it', 0),
    unfunded: count('Active sub-accounts that get nothing of it', 0),
    items: z.array(resetLine).meta({ description: 'A line per sub-account, in funding order' }),
    nextCursor,
  })
  .meta({
    id: 'ResetPreview',
    description:
      'What the next month start would do as things are now, by the rules that it will be done by. `items` are in ' +
      'funding order',
  });
export type ResetPreviewView = z.infer<typeof resetPreview>;

export const resetPreviewQuery = z.strictObject({
  ...paging,
  outcome: resetOutcome.optional().meta({ description: 'Only sub-accounts with this outcome' }),
});
export type ResetPreviewQuery = z.output<typeof resetPreviewQuery>;
