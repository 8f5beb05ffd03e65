import { Temporal } from 'temporal-polyfill';
import { DEFAULT_MAX_SUB_ACCOUNTS } from '@subledger/contracts/vocabulary';
import { Books } from '../books.js';
import { decide, isRollDue } from '../decide.js';
import { available, granted, shortfall, statusOf } from '../derive.js';
import type { Command, CommandData, CommandName, Input, LedgerPolicy } from '../input.js';
import type { Decision, DomainEvent } from '../outcome.js';
import { formatPoints, type Points, parsePoints } from '../points.js';
import type { SubAccount } from '../state.js';

export const instantMs = (iso: string): number => Temporal.Instant.from(iso).epochMilliseconds;
/** In the middle of a month in every zone. */
export const NOON = instantMs('2026-11-10T00:00:00Z');

/** Any amount of the domain's data may be written as text: `{ limit: '100' }`. */
type Written<Data> = { [Key in keyof Data]: Data[Key] extends Points | null | undefined ? string | null : Data[Key] };

const AMOUNT_FIELDS = ['limit', 'points', 'creditLimit'];
const DEFAULTS: Partial<{ [Name in CommandName]: object }> = {
  'points.purchase': { reference: '' },
  'limit.change': { effective: 'immediately' },
  'hold.place': { expiresInSeconds: 900 },
  'hold.release': { reason: 'released' },
};

/** Books that a test drives by commands and messages, with a clock that it sets. */
export class Scenario {
  readonly books = new Books();
  now = NOON;
  policy: LedgerPolicy = { maxSubAccounts: DEFAULT_MAX_SUB_ACCOUNTS, allowEarlyRoll: true };
  events: DomainEvent[] = [];

  constructor(main: Partial<Written<CommandData['main-account.open']>> & { balance?: string; feature?: boolean } = {}) {
    const { balance, feature = true, ...open } = main;
    this.run('main-account.open', { plan: 'prepay', timeZone: 'Asia/Tokyo', creditLimit: '0', fundingPolicy: 'full', ...open });
    if (feature) this.run('feature.activate', {});
    if (balance) this.run('points.purchase', { points: balance });
  }

  /** Runs a command and gives the name of its outcome event, or the code of its refusal. */
  run<Name extends CommandName>(name: Name, data: Partial<Written<CommandData[Name]>>): string {
    const filled: Record<string, unknown> = { ...DEFAULTS[name], ...data };
    for (const field of AMOUNT_FIELDS)
      if (typeof filled[field] === 'string') filled[field] = parsePoints(filled[field] as string);
    const command = { kind: 'command', name, mainAccountId: 'ma_1', at: this.now, data: filled } as unknown as Command;
    return this.outcomeOf(this.feed(command));
  }

  sent(messageId: string, points: string, over: { sub?: string; sentAt?: number } = {}): string {
    return this.outcomeOf(
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
    return this.outcomeOf(
      this.feed({ kind: 'message.refunded', mainAccountId: 'ma_1', at: this.now, refundId, messageId, points: parsePoints(points) }),
    );
  }

  /** Like the pipeline: due months first, then the input. */
  feed(input: Input): Decision {
    this.events = [];
    while (isRollDue(this.books, input.at)) this.take(decide(this.books, { kind: 'clock', mainAccountId: 'ma_1', at: input.at }, this.policy));
    const decision = decide(this.books, input, this.policy);
    this.take(decision);
    return decision;
  }

  /** The last refusal's detail. */
  get refusal(): Record<string, unknown> {
    const event = this.events.find(({ name }) => name === 'command.rejected');
    return Object.fromEntries(
      Object.entries(event?.detail ?? {}).map(([key, value]) => [key, typeof value === 'bigint' ? formatPoints(value as Points) : value]),
    );
  }

  main() {
    const main = this.books.main;
    if (!main) throw new Error('no books');
    const left = available(main);
    return {
      balance: formatPoints(main.balance),
      available: left === null ? null : formatPoints(left),
      used: formatPoints(main.used),
      held: formatPoints(main.held),
      period: main.period,
    };
  }

  sub(id = 'sa_1') {
    const sub = this.books.subAccounts.get(id) as SubAccount;
    const main = this.books.main;
    if (!main) throw new Error('no books');
    const text = (points: Points) => formatPoints(points);
    return {
      status: statusOf(main, sub),
      limit: text(sub.limit),
      boost: text(sub.boost),
      granted: text(granted(sub)),
      used: text(sub.used),
      overage: text(sub.overage),
      held: text(sub.held),
      remaining: text(sub.remaining),
      shortfall: text(shortfall(sub)),
    };
  }

  private take(decision: Decision): void {
    if (decision.kind !== 'decided') return;
    this.events.push(...decision.events);
    this.books.apply(decision.changes);
  }

  private outcomeOf(decision: Decision): string {
    if (decision.kind === 'duplicate') return 'duplicate';
    if (decision.kind === 'dead-letter') return decision.reason;
    const [first] = decision.events.slice(-decision.events.length);
    const rejected = decision.events.find(({ name }) => name === 'command.rejected');
    return rejected ? (rejected.detail as { code: string }).code : (decision.events.find((event) => !event.name.startsWith('sub-account.rolled')) ?? first)?.name ?? 'nothing';
  }
}
