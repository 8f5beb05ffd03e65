import { createHash } from 'node:crypto';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { ProblemError } from '../http/problem.js';
import { limitedAddress } from './limited-address.js';

export interface AttemptLimits {
  readonly perAccount: number;
  readonly perAddress: number;
  readonly windowMs: number;
}

/** One attempt, as it was counted. */
export interface Attempt {
  /** What was logged in to, whether there is such an account or not. */
  readonly account: string;
  readonly address: string;
}

/** `too-many-requests`, with the seconds until the window ends. */
export class TooManyAttempts extends ProblemError {
  /** @param isFirst whether it is the first one that is refused within the window */
  constructor(
    seconds: number,
    readonly isFirst: boolean,
  ) {
    super('too-many-requests', {}, { 'retry-after': String(seconds) });
  }
}

/** Rows past their window that each attempt takes away: more than it adds, so that the table stays small. */
const CLEAN_ROWS = 20;

/**
 * Bounds failed logins per account and per address, across all instances. An attempt is counted before the password is
 * looked at, so that many at once cannot pass; a right password gives it back. Nothing tells whether an account exists:
 * unknown ones are counted and refused in the same way.
 */
export class LoginAttempts {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly limits: AttemptLimits,
  ) {}

  /** @throws ProblemError `too-many-requests` with the seconds until the window ends */
  async count(account: string, ip: string): Promise<Attempt> {
    const attempt = { account: `account ${account}`, address: `address ${limitedAddress(ip)}` };
    await this.add(attempt.address, this.limits.perAddress);
    // After the address: one that is refused already must not lock accounts.
    await this.add(attempt.account, this.limits.perAccount);
    return attempt;
  }

  /** The password was right: the account begins anew. The address only gets this one back. */
  async succeeded({ account, address }: Attempt): Promise<void> {
    await this.prisma.loginAttempt.deleteMany({ where: { keyHash: hashOf(account) } });
    await this.giveBack([address]);
  }

  /** The password was not looked at. */
  async notTried({ account, address }: Attempt): Promise<void> {
    await this.giveBack([account, address]);
  }

  private async add(what: string, limit: number): Promise<void> {
    const rows = await this.prisma.$queryRaw<{ attempts: number; seconds: number }[]>(Prisma.sql`
      INSERT INTO login_attempt AS a (key_hash, attempts, ends_at)
      VALUES (${hashOf(what)}, 1, now() + make_interval(secs => ${this.limits.windowMs / 1_000}::float8))
      ON CONFLICT (key_hash) DO UPDATE SET
        attempts = CASE WHEN a.ends_at <= now() THEN 1 ELSE least(a.attempts, 1000000) + 1 END,
        ends_at = CASE WHEN a.ends_at <= now() THEN excluded.ends_at ELSE a.ends_at END
      RETURNING attempts, ceil(extract(epoch FROM ends_at - now()))::int AS seconds`);
    await this.clean();
    const [row] = rows;
    if (!row || row.attempts <= limit) return;
    throw new TooManyAttempts(Math.max(1, row.seconds), row.attempts === limit + 1);
  }

  private async giveBack(what: readonly string[]): Promise<void> {
    await this.prisma.loginAttempt.updateMany({
      where: { keyHash: { in: what.map(hashOf) }, attempts: { gt: 0 } },
      data: { attempts: { decrement: 1 } },
    });
  }

  private async clean(): Promise<void> {
    await this.prisma.$executeRaw`
      DELETE FROM login_attempt WHERE key_hash IN (
        SELECT key_hash FROM login_attempt WHERE ends_at < now() - interval '1 minute'
         ORDER BY ends_at LIMIT ${CLEAN_ROWS} FOR UPDATE SKIP LOCKED)`;
  }
}

const hashOf = (what: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(what).digest());
