import type { Readable } from 'node:stream';
import {
  type MessageCsvQuery,
  type MessageQuery,
  type UsageQuery,
  type UsageView,
  writingsOf,
} from '@subledger/contracts';
import type { CsvDownloads } from '../csv/csv-downloads.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { MainAccountRow, MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import { inZone } from '../request/time-range.js';
import { messageFile } from './csv-statement.js';
import { listMessages } from './message-query.js';
import { usageByDay, usageBySubAccount } from './usage-query.js';

type ListQuery = Omit<MessageQuery, 'subAccount'> & { readonly subAccount?: string | undefined };

/** The message log for readers: of a main account, or of one of its sub-accounts. */
export class MessagesService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly mains: MainAccountsStore,
    private readonly downloads: CsvDownloads,
  ) {}

  /** @throws ProblemError `not-found` */
  async list(mainAccountId: string, query: ListQuery) {
    return listMessages(this.prisma, mainAccountId, filterOf(query, await this.mains.get(mainAccountId)));
  }

  /** Only the sub-account's own messages, whatever the query contains. */
  async listOfSub(mainAccountId: string, subAccountId: string, query: ListQuery) {
    const filter = filterOf(query, await this.mains.get(mainAccountId));
    return listMessages(this.prisma, mainAccountId, { ...filter, subAccount: subAccountId });
  }

  /** @throws ProblemError `not-found`, `too-many-requests` */
  async openCsv(
    mainAccountId: string,
    query: MessageCsvQuery,
    customer: string | undefined,
  ): Promise<Readable> {
    const { timeZone } = await this.mains.get(mainAccountId);
    return this.downloads.open(messageFile({ mainAccountId, timeZone }, inZone(query, timeZone)), customer);
  }

  /** @throws ProblemError `not-found` */
  async usage(mainAccountId: string, query: UsageQuery): Promise<UsageView> {
    const { period, timeZone } = await this.mains.get(mainAccountId);
    const scope = { mainAccountId, period: query.period ?? period, timeZone };
    return query.by === 'day' ? usageByDay(this.prisma, scope) : usageBySubAccount(this.prisma, scope, query);
  }

  /** @throws ProblemError `not-found` */
  async usageOfSub(mainAccountId: string, subAccountId: string, period?: string): Promise<UsageView> {
    const main = await this.mains.get(mainAccountId);
    const { timeZone } = main;
    return usageByDay(this.prisma, { mainAccountId, subAccountId, period: period ?? main.period, timeZone });
  }
}

/**
 * Converts dates to the main account's zone, and the recipient to all notations in which it may have been reported.
 */
function filterOf({ recipient, ...query }: ListQuery, { timeZone, country }: MainAccountRow) {
  const recipients = recipient === undefined ? {} : { recipients: writingsOf(recipient, country) };
  return { ...inZone(query, timeZone), ...recipients };
}
