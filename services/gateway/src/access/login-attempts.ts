import { createHash } from 'node:crypto';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { limitedAddress, limitedNetwork } from '../request/limited-address.js';
import type { Owner } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { LoginAccount } from './credentials.js';

export interface AttemptLimits {
  /** Failed logins to one account from one network (or known device) that need no wait. */
  readonly perNetwork: number;
  /** The same to one account, from everywhere but known devices. */
  readonly perAccount: number;
  /** The same from one address, whatever the account. */
  readonly perAddress: number;
  /** The first wait of a network or an account; each one after it is twice as long. */
  readonly firstDelayMs: number;
  /** Longest wait of an account for what others tried. */
  readonly maxDelayMs: number;
  /** Longest wait of a guesser; after so long without an attempt the count begins anew. */
  readonly windowMs: number;
}

/** What is counted, and how long the next attempt waits after each one that was counted. */
interface Count {
  readonly what: string;
  readonly mainAccountId: string | null;
  /** Attempts that need no wait. */
  readonly free: number;
  /** The first wait; each one after it is twice as long, up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** A right password does not make it begin anew: other accounts have a part in it. */
  readonly isShared?: boolean;
}

/** One attempt, as it was counted. */
export interface Attempt {
  readonly counts: readonly Count[];
  /** From a device that the account was used with before. */
  readonly isKnownDevice: boolean;
}

/** `too-many-requests`, with the seconds until another attempt is looked at. */
export class TooManyAttempts extends ProblemError {
  /** @param isFirst whether it is the first one that is refused since the count began */
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
 * Slows guessers down, across all instances, and not the owner: each network waits for its own failures, a known device
 * for nobody else's. What many networks try together makes an account wait for `maxDelayMs` at the most. An attempt is
 * counted before the password is looked at, so that many at once cannot pass; a right password gives it back. Nothing
 * tells whether an account exists: unknown ones are counted and refused in the same way.
 */
export class LoginAttempts {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly limits: AttemptLimits,
  ) {}

  /**
   * @param device the token of a device that is known for this account
   * @throws TooManyAttempts where it has to wait; then nothing was counted
   */
  ofLogin({ key, mainAccountId }: LoginAccount, ip: string, device: string | undefined): Promise<Attempt> {
    const { perAddress, perAccount, perNetwork, firstDelayMs: firstMs, maxDelayMs, windowMs } = this.limits;
    const own = { mainAccountId, firstMs, maxMs: windowMs, free: perNetwork };
    if (device !== undefined) return this.begin([{ ...own, what: `device ${device} ${key}` }], true);
    return this.begin(
      [
        // Before the account's: an address that is refused must not slow accounts down.
        {
          what: `address ${limitedAddress(ip)}`,
          mainAccountId: null,
          free: perAddress,
          firstMs: windowMs,
          maxMs: windowMs,
          isShared: true,
        },
        { ...own, what: `network ${limitedNetwork(ip)} ${key}` },
        { ...own, what: `account ${key}`, free: perAccount, maxMs: maxDelayMs },
      ],
      false,
    );
  }

  /** At the current password, by a session: apart from logins, so that no stranger can slow it down. */
  ofOwnPassword(owner: Owner): Promise<Attempt> {
    const { perNetwork: free, firstDelayMs: firstMs, windowMs: maxMs } = this.limits;
    const whose = owner.kind === 'sub' ? `${owner.mainAccountId} ${owner.subAccountId}` : owner.loginKey;
    const { mainAccountId } = owner;
    const what = `password ${owner.kind} ${whose}`;
    return this.begin([{ what, mainAccountId, free, firstMs, maxMs }], true);
  }

  /** The password was right: the account begins anew. The address only gets this one back. */
  async succeeded({ counts }: Attempt): Promise<void> {
    const own = counts.filter(({ isShared }) => !isShared);
    await this.prisma.loginAttempt.deleteMany({ where: { keyHash: { in: own.map(hashOf) } } });
    await this.giveBack(counts.filter(({ isShared }) => isShared));
  }

  /** The password was not looked at. */
  async notTried({ counts }: Attempt): Promise<void> {
    await this.giveBack(counts);
  }

  /** Logins to a customer, its own and those of its sub-accounts, begin anew. */
  async reset(tx: Transaction, mainAccountId: string): Promise<void> {
    await tx.loginAttempt.deleteMany({ where: { mainAccountId } });
  }

  private async begin(counts: readonly Count[], isKnownDevice: boolean): Promise<Attempt> {
    for (const [index, count] of counts.entries()) {
      try {
        await this.add(count);
      } catch (error) {
        await this.giveBack(counts.slice(0, index));
        throw error;
      }
    }
    await this.clean();
    return { counts, isKnownDevice };
  }

  private async add(count: Count): Promise<void> {
    const { windowMs } = this.limits;
    const attempts = Prisma.sql`(CASE WHEN a.ends_at <= now() THEN 1 ELSE least(a.attempts, 1000000) + 1 END)`;
    const window = interval(Math.max(windowMs, count.maxMs));
    const counted = await this.prisma.$executeRaw(Prisma.sql`
      INSERT INTO login_attempt AS a (key_hash, main_account_id, attempts, next_at, ends_at)
      VALUES (${hashOf(count)}, ${count.mainAccountId}, 1, ${nextAt(count, Prisma.sql`1`)}, now() + ${window})
      ON CONFLICT (key_hash) DO UPDATE SET
        main_account_id = excluded.main_account_id,
        attempts = ${attempts},
        next_at = ${nextAt(count, attempts)},
        refused = CASE WHEN a.ends_at <= now() THEN 0 ELSE a.refused END,
        ends_at = excluded.ends_at
      WHERE a.next_at IS NULL OR least(a.next_at, a.ends_at) <= now()`);
    if (counted === 1) return;
    const rows = await this.prisma.$queryRaw<{ refused: number; seconds: number }[]>(Prisma.sql`
      UPDATE login_attempt SET refused = least(refused, 1000000) + 1 WHERE key_hash = ${hashOf(count)}
      RETURNING refused, ceil(extract(epoch FROM next_at - clock_timestamp()))::int AS seconds`);
    const { refused = 1, seconds = 1 } = rows[0] ?? {};
    throw new TooManyAttempts(Math.max(1, seconds), refused === 1);
  }

  /** As it was before: it was counted, so nothing had to wait then. */
  private async giveBack(counts: readonly Count[]): Promise<void> {
    await this.prisma.loginAttempt.updateMany({
      where: { keyHash: { in: counts.map(hashOf) }, attempts: { gt: 0 } },
      data: { attempts: { decrement: 1 }, nextAt: null },
    });
  }

  private async clean(): Promise<void> {
    await this.prisma.$executeRaw`
      DELETE FROM login_attempt WHERE key_hash IN (
        SELECT key_hash FROM login_attempt WHERE ends_at < now() - interval '1 minute'
         ORDER BY ends_at LIMIT ${CLEAN_ROWS} FOR UPDATE SKIP LOCKED)`;
  }
}

/** When the attempt after this many may come. In seconds as doubles: an interval would overflow before `least` sees it. */
const nextAt = ({ free, firstMs, maxMs }: Count, attempts: Prisma.Sql): Prisma.Sql => Prisma.sql`
  (CASE WHEN ${attempts} >= ${free}::int
        THEN now() + make_interval(secs => least(
               ${maxMs / 1_000}::float8, ${firstMs / 1_000}::float8 * power(2, least(${attempts} - ${free}::int, 1000))))
    END)`;

const interval = (ms: number): Prisma.Sql => Prisma.sql`make_interval(secs => ${ms / 1_000}::float8)`;

const hashOf = ({ what }: Count): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(what).digest());
