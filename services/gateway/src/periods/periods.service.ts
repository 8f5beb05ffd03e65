import type { Readable } from 'node:stream';
import type { CsvDownloads } from '../csv/csv-downloads.js';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { statementFile } from './statement-file.js';
import type { StatementsStore } from './statements-store.js';

type PageQuery = Parameters<StatementsStore['list']>[1];

/** Periods and their statements, for readers. */
export class PeriodsService {
  constructor(
    private readonly statements: StatementsStore,
    private readonly mains: MainAccountsStore,
    private readonly downloads: CsvDownloads,
  ) {}

  /** @throws ProblemError `not-found` */
  async list(mainAccountId: string, query: PageQuery) {
    await this.mains.get(mainAccountId);
    return this.statements.list(mainAccountId, query);
  }

  /** @throws ProblemError `not-found` */
  async statement(mainAccountId: string, period: string, query: PageQuery) {
    await this.mains.get(mainAccountId);
    return this.statements.statement(mainAccountId, period, query);
  }

  /** @throws ProblemError `not-found` */
  async assertThere(mainAccountId: string, period: string): Promise<void> {
    await this.mains.get(mainAccountId);
    await this.statements.assertThere(mainAccountId, period);
  }

  /**
   * For an existing period.
   * @throws ProblemError `not-found`, `too-many-requests`
   */
  async openCsv({ params, query, principal }: ValidatedRequest<'exportPeriodStatement'>): Promise<Readable> {
    const { id, period } = params;
    const { timeZone } = await this.mains.get(id);
    return this.downloads.open(statementFile(id, period, timeZone, query.for), principal.mainAccountId);
  }
}
