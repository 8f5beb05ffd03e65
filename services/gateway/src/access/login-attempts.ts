import { createHash } from 'node:crypto';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { limitedAddress, limitedNetwork } from '../request/limited-address.js';
import type { Owner } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { LoginAccount } from './credentials.js';

export interface AttemptLimits {
  /** Failed logins to one account from one network (or known device) without a wait. */
  readonly perNetwork: number;
  /** Failed logins to one account from all networks, without known devices, without a wait. */
  readonly perAccount: number;
  /** Failed logins from one address to any accounts without a wait. */
  readonly perAddress: number;
  /** The first wait for a network or an account. Each later one is twice as long. */
  readonly firstDelayMs: number;
  /** The longest wait for an account because of attempts from other networks. */
  readonly maxDelayMs: number;
  /** The longest wait for a guesser. After this time without an attempt, the count starts over. */
  readonly windowMs: number;
}

/** One counter, and the wait after each counted attempt. */
interface Count {
  readonly what: string;
  readonly mainAccountId: string | null;
  /** Attempts without a wait. */
  readonly free: number;
  /** The first wait. Each later one is twice as long, up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Shared with other accounts, so a correct password does not reset it. */
  readonly isShared?: boolean;
}

/** A counted attempt. */
export interface Attempt {
  readonly counts: readonly Count[];
  /** Whether it came from a device on which the account was used before. */
  readonly isKnownDevice: boolean;
}

/** `too-many-requests`, with the seconds until the next attempt is checked. */
export class TooManyAttempts extends ProblemError {
  /** @param isFirst whether it is the first refused attempt since the count began */
  constructor(
    seconds: number,
    readonly isFirst: boolean,
  ) {
    super('too-many-requests', {}, { 'retry-after': String(seconds) });
  }
}

/** Expired rows that each attempt deletes: more than it adds, so that the table stays small. */
const CLEAN_ROWS = 20;

/**
 * Slows down guessers, across all instances, without slowing down the owner (docs/decisions/0029; OWASP
 * Authentication Cheat Sheet). Each network waits for its own failures only, and a known device only for its own.
 * Attempts from many networks together make an account wait for `maxDelayMs` at most. An attempt is counted before
 * the password is checked, so that concurrent attempts cannot bypass the limit. A correct password takes the attempt
 * back. Unknown accounts are counted and refused in the same way, so that nothing reveals whether an account exists.
 */
export class LoginAttempts {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly limits: AttemptLimits,
  ) {}

  /**
   * @param device token of a device that is known for this account
   * @throws TooManyAttempts if the attempt must wait; then nothing was counted
   */
  ofLogin({ key, mainAccountId }: LoginAccount, ip: string, device: string | undefined): Promise<Attempt> {
    const { perAddress, perAccount, perNetwork, firstDelayMs: firstMs, maxDelayMs, windowMs } = this.limits;
    const own = { mainAccountId, firstMs, maxMs: windowMs, free: perNetwork };
    if (device !== undefined) return this.#begin([{ ...own, what: `device ${device} ${key}` }], true);
    return this.#begin(
      [
        // Counted before the account, so that a refused address cannot slow down accounts.
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

  /**
   * An attempt at the current password by a session. Counted separately from logins, so that strangers cannot slow it
   * down.
   */
  ofOwnPassword(owner: Owner): Promise<Attempt> {
    const { perNetwork: free, firstDelayMs: firstMs, windowMs: maxMs } = this.limits;
    const whose = owner.kind === 'sub' ? `${owner.mainAccountId} ${owner.subAccountId}` : owner.loginKey;
    const { mainAccountId } = owner;
    const what = `password ${owner.kind} ${whose}`;
    return this.#begin([{ what, mainAccountId, free, firstMs, maxMs }], true);
  }

  /** The password was correct: resets the account's counts. For the address, only this attempt is taken back. */
  async succeeded({ counts }: Attempt): Promise<void> {
    const own = counts.filter(({ isShared }) => !isShared);
    await this.prisma.loginAttempt.deleteMany({ where: { keyHash: { in: own.map(hashOf) } } });
    await this.#giveBack(counts.filter(({ isShared }) => isShared));
  }

  /** The password was not checked. */
  async notTried({ counts }: Attempt): Promise<void> {
    await this.#giveBack(counts);
  }

  /** Resets the counts of a customer's login and of its sub-accounts' logins. */
  async reset(tx: Transaction, mainAccountId: string): Promise<void> {
    await tx.loginAttempt.deleteMany({ where: { mainAccountId } });
  }

  async #begin(counts: readonly Count[], isKnownDevice: boolean): Promise<Attempt> {
    for (const [index, count] of counts.entries()) {
      try {
        await this.#add(count);
      } catch (error) {
        await this.#giveBack(counts.slice(0, index));
        throw error;
      }
    }
    await this.#clean();
    return { counts, isKnownDevice };
  }

  async #add(count: Count): Promise<void> {
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

  /** Takes the attempt back. It was counted, so it did not have to wait. */
  async #giveBack(counts: readonly Count[]): Promise<void> {
    await this.prisma.loginAttempt.updateMany({
      where: { keyHash: { in: counts.map(hashOf) }, attempts: { gt: 0 } },
      data: { attempts: { decrement: 1 }, nextAt: null },
    });
  }

  async #clean(): Promise<void> {
    await this.prisma.$executeRaw`
      DELETE FROM login_attempt WHERE key_hash IN (
        SELECT key_hash FROM login_attempt WHERE ends_at < now() - interval '1 minute'
         ORDER BY ends_at LIMIT ${CLEAN_ROWS} FOR UPDATE SKIP LOCKED)`;
  }
}

/**
 * When the attempt after this many may come. Computed in seconds as doubles, because an interval would overflow
 * before `least` limits it.
 */
const nextAt = ({ free, firstMs, maxMs }: Count, attempts: Prisma.Sql): Prisma.Sql => Prisma.sql`
  (CASE WHEN ${attempts} >= ${free}::int
        THEN now() + make_interval(secs => least(
               ${maxMs / 1_000}::float8, ${firstMs / 1_000}::float8 * power(2, least(${attempts} - ${free}::int, 1000))))
    END)`;

const interval = (ms: number): Prisma.Sql => Prisma.sql`make_interval(secs => ${ms / 1_000}::float8)`;

const hashOf = ({ what }: Count): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(what).digest());
