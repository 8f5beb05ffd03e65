import type { Prisma, PrismaClient } from '../generated/prisma/client.js';

export type JobTrigger = 'schedule' | 'manual';
export type JobDetail = Prisma.InputJsonObject;

const DAY_MS = 24 * 60 * 60 * 1_000;
const KEPT_MS = 30 * DAY_MS;

/** Rows of job executions. They are rarely written, so Prisma is used. */
export class JobRunStore {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly instance: string,
  ) {}

  /**
   * Inserts a row.
   * @returns its id
   */
  async begin(job: string, trigger: JobTrigger, asOfMs: number): Promise<bigint> {
    const row = await this.prisma.jobRun.create({
      data: { job, trigger, state: 'running', instance: this.instance, asOf: new Date(asOfMs) },
      select: { id: true },
    });
    return row.id;
  }

  async finish(id: bigint, state: 'done' | 'failed', detail: JobDetail): Promise<void> {
    await this.prisma.jobRun.update({ where: { id }, data: { state, detail, finishedAt: new Date() } });
  }

  /**
   * Run by the leader first: marks interrupted scheduled executions that still say `running`, and deletes rows older
   * than 30 days.
   */
  async tidy(job: string): Promise<void> {
    const now = new Date();
    await this.prisma.jobRun.updateMany({
      where: { job, trigger: 'schedule', state: 'running' },
      data: { state: 'lost', finishedAt: now },
    });
    await this.prisma.jobRun.deleteMany({
      where: { job, startedAt: { lt: new Date(now.getTime() - KEPT_MS) } },
    });
  }
}
