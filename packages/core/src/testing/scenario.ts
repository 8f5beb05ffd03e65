import { DEFAULT_MAX_MESSAGE_POINTS, DEFAULT_MAX_SUB_ACCOUNTS } from '@subledger/contracts/vocabulary';
import { Books } from '../books.js';
import { isHoldOver } from '../commands/hold.js';
import { decide, isRollDue, isRollRetried } from '../decide.js';
import { allocated, available, granted, shortfall } from '../derive.js';
import type { Command, CommandData, CommandName, Input, LedgerPolicy } from '../input.js';
import type { Decision, DomainEvent } from '../outcome.js';
import { formatPoints, type Points, parsePoints, wholePoints } from '../points.js';
import type { SubAccount } from '../state.js';
import { statusOf } from '../status.js';

/** Milliseconds of an ISO instant in UTC (`2026-11-10T00:00:00Z`), whole seconds. */
export function instantMs(iso: string): number {
  const [y = 0, mo = 1, d = 1, h = 0, mi = 0, s = 0] = iso.match(/\d+/g)?.map(Number) ?? [];
  // Days from the civil date (proleptic Gregorian), so that even the tests of a pure package need no clock.
  const year = mo <= 2 ? y - 1 : y;
  const era = Math.floor(year / 400);
  const yoe = year - era * 400;
  const doy = Math.floor((153 * (mo + (mo > 2 ? -3 : 9)) + 2) / 5) + d - 1;
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy;
  return ((era * 146_097 + doe - 719_468) * 86_400 + h * 3_600 + mi * 60 + s) * 1_000;
}

/** In the middle of a month in every zone. */
const NOON = instantMs('2026-11-10T00:00:00Z');

/** The domain's data, with amounts optionally written as text: `{ limit: '100' }`. */
type Written<Data> = {
  [Key in keyof Data]: Data[Key] extends Points | null | undefined ? string | null : Data[Key];
};
export type MainOptions = Partial<Written<CommandData['main-account.open']>> & {
  balance?: string;
  feature?: boolean;
};

const AMOUNT_FIELDS = ['limit', 'points', 'creditLimit', 'suspendBelow'];
const DEFAULTS: Partial<{ [Name in CommandName]: object }> = {
  'points.purchase': { reference: '' },
  'points.adjust': { reason: 'a reason' },
  'limit.change': { effective: 'immediately' },
  'hold.place': { expiresInSeconds: 900 },
  'hold.release': { reason: 'released' },
};
const OPEN = { plan: 'prepay', timeZone: 'Asia/Tokyo', creditLimit: '0', fundingPolicy: 'full' } as const;

/** Decides an input and applies the decision. A judge can take its place. */
export type Act = (books: Books, input: Input, policy: LedgerPolicy) => Decision;
export const decideAndApply: Act = (books, input, policy) => {
  const decision = decide(books, input, policy);
  if (decision.kind === 'decided') books.apply(decision.changes);
  return decision;
};

/** Name of the outcome event, code of the refusal, or reason of the dead letter. */
function outcomeOf(decision: Decision): string {
  if (decision.kind === 'duplicate') return 'duplicate';
  if (decision.kind === 'dead-letter') return decision.reason;
  const rejected = decision.events.find(({ name }) => name === 'command.rejected');
  if (rejected) return (rejected.detail as { code: string }).code;
  const own = decision.events.find(({ name }) => name !== 'sub-account.rolled') ?? decision.events[0];
  return own?.name ?? 'nothing';
}

/** Books that a test drives by commands and messages, with a clock that the test sets. */
export class Scenario {
  readonly books = new Books();
  now = NOON;
  policy: LedgerPolicy = {
    maxSubAccounts: DEFAULT_MAX_SUB_ACCOUNTS,
    maxMessagePoints: wholePoints(DEFAULT_MAX_MESSAGE_POINTS),
    allowEarlyRoll: true,
  };
  /** Events of the last input, including those of the months that it rolled first. */
  events: DomainEvent[] = [];
  /** Statements that those events closed, and amounts that came after older ones closed, as a test writes them. */
  statements: Record<string, unknown>[] = [];
  lateEntries: Record<string, unknown>[] = [];
  /** Detail of the last dead letter. */
  deadLetter = '';

  constructor(
    main: MainOptions | null = {},
    private readonly act: Act = decideAndApply,
  ) {
    if (main === null) return;
    const { balance, feature = true, ...open } = main;
    this.run('main-account.open', { ...OPEN, ...open });
    if (feature) this.run('feature.activate', {});
    if (balance) this.run('points.purchase', { points: balance });
  }

  /**
   * Runs a command.
   * @returns the name of its outcome event, or the code of its refusal
   */
  run<Name extends CommandName>(name: Name, data: Partial<Written<CommandData[Name]>>): string {
    const filled: Record<string, unknown> = { ...DEFAULTS[name], ...data };
    for (const field of AMOUNT_FIELDS)
      if (typeof filled[field] === 'string') filled[field] = parsePoints(filled[field] as string);
    const command = { kind: 'command', name, mainAccountId: 'ma_1', at: this.now, data: filled };
    return outcomeOf(this.feed(command as unknown as Command));
  }

  sent(messageId: string, points: string, over: { sub?: string; sentAt?: number } = {}): string {
    return outcomeOf(
      this.feed({
        kind: 'message.sent',
        mainAccountId: 'ma_1',
        at: this.now,
        messageId,
        subAccountId: over.sub ?? 'sa_1',
        sentAt: over.sentAt ?? this.now,
        points: parsePoints(points),
      }),
    );
  }

  refunded(refundId: string, messageId: string, points: string): string {
    const fact = {
      kind: 'message.refunded',
      mainAccountId: 'ma_1',
      at: this.now,
      refundId,
      messageId,
    } as const;
    return outcomeOf(this.feed({ ...fact, points: parsePoints(points) }));
  }

  /** Like the ledger, which looks for holds that are over. @returns `hold.released`, or `nothing` */
  expire(messageId: string): string {
    this.#forgetEvents();
    if (!isHoldOver(this.books, messageId, this.now)) return 'nothing';
    return outcomeOf(this.#take({ kind: 'hold.expired', mainAccountId: 'ma_1', at: this.now, messageId }));
  }

  /** Like the pipeline: due months first, then the input. */
  feed(input: Input): Decision {
    this.rollDue(input.at);
    if (isRollRetried(this.books, input, 'before')) this.#rollAgain(input.at);
    const decision = this.#take(input);
    if (isRollRetried(this.books, input, 'after')) this.#rollAgain(input.at);
    return decision;
  }

  #rollAgain(at: number): void {
    do this.#take({ kind: 'clock', mainAccountId: 'ma_1', at });
    while (isRollDue(this.books, at));
  }

  /** Rolls the months that the clock has passed. */
  rollDue(at = this.now): void {
    this.#forgetEvents();
    while (isRollDue(this.books, at)) this.#take({ kind: 'clock', mainAccountId: 'ma_1', at });
  }

  #forgetEvents(): void {
    this.events = [];
    this.statements = [];
    this.lateEntries = [];
  }

  /** The last refusal's detail. */
  get refusal(): Record<string, unknown> {
    const event = this.events.find(({ name }) => name === 'command.rejected');
    return written(event?.detail ?? {});
  }

  main() {
    const main = this.books.main;
    if (!main) throw new Error('no books');
    return written({ ...main, available: available(main), allocated: allocated(main) });
  }

  sub(id = 'sa_1') {
    const sub = this.books.subAccounts.get(id) as SubAccount;
    const main = this.books.main;
    if (!main) throw new Error('no books');
    return written({
      ...sub,
      status: statusOf(main, sub),
      granted: granted(sub),
      shortfall: shortfall(sub),
    });
  }

  #take(input: Input): Decision {
    const decision = this.act(this.books, input, this.policy);
    this.deadLetter = decision.kind === 'dead-letter' ? decision.detail : '';
    if (decision.kind !== 'decided') return decision;
    this.events.push(...decision.events);
    for (const { subAccountId, closing } of decision.changes.statements)
      this.statements.push(written({ of: subAccountId, ...closing }));
    for (const { subAccountId, ...late } of decision.changes.lateEntries)
      this.lateEntries.push(written({ of: subAccountId, ...late }));
    return decision;
  }
}

/** The same object with its amounts as text, as a test writes them, including inner objects. */
export const written = (data: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, asText(value)]));

function asText(value: unknown): unknown {
  if (typeof value === 'bigint') return formatPoints(value as Points);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? written(value) : value;
}
