import type { Books } from '../books.js';
import { decide } from '../decide.js';
import type { Input, LedgerPolicy } from '../input.js';
import type { Decision, DomainEvent } from '../outcome.js';
import { Auditor } from './auditor.js';
import { auditComeBack, type Before } from './auditor-come-back.js';
import { auditFunding, spendable } from './auditor-funding.js';
import { auditLimits } from './auditor-limits.js';
import { auditParts } from './auditor-parts.js';
import { ReferenceAuditor } from './auditor-references.js';
import { StatementAuditor } from './auditor-statements.js';
import { SuspensionAuditor } from './auditor-suspensions.js';
import { auditTransfers } from './auditor-transfers.js';
import { check, equal, textOf } from './check.js';

/** The books as text, in parts: equal texts mean equal books. */
const partsOf = (books: Books) => ({
  main: textOf(books.main && { ...books.main, sequence: 0 }),
  rest: textOf([
    [...books.subAccounts.values()],
    [...books.holds.values()],
    [...books.charges.values()],
    [...books.refunds.values()],
    [...books.references.values()],
    [...books.short].sort(),
  ]),
  sequence: books.main?.sequence ?? 0,
});

const isRefusal = (decision: Decision) =>
  decision.kind !== 'decided' || decision.events.some(({ name }) => name === 'command.rejected');

/** Checks that a refusal names the sub-account of its command, if there is one. */
function auditRefusal({ events }: Extract<Decision, { kind: 'decided' }>, input: Input, was: Before): void {
  const event = events[0] as DomainEvent;
  const requested =
    input.kind === 'command' ? (input.data as { subAccountId?: string }).subAccountId : undefined;
  const { code } = event.detail as { code: string };
  const known = requested !== undefined && was.subs.has(requested) && code !== 'sub-account-not-found';
  equal(event.subAccountId, known ? requested : null, `sub-account of ${code}`);
}

/**
 * Decides, applies the decision and checks it. `decide` must be pure, a refusal must change nothing but the sequence,
 * and the auditor must agree with everything else.
 * @throws Error with the first difference
 */
export class Judge {
  readonly auditor = new Auditor();
  readonly statements = new StatementAuditor();
  readonly suspensions = new SuspensionAuditor();
  readonly references = new ReferenceAuditor();

  readonly act = (books: Books, input: Input, policy: LedgerPolicy): Decision => {
    const parts = partsOf(books);
    const decision = decide(books, input, policy);
    check(textOf(partsOf(books)) === textOf(parts), 'decide changed the books');
    check(textOf(decide(books, input, policy)) === textOf(decision), 'decided twice, decided differently');
    const was: Before = { main: books.main, subs: new Map(books.subAccounts), holds: new Map(books.holds) };
    if (decision.kind === 'decided') {
      auditParts(books, input, decision, policy);
      books.apply(decision.changes);
    }
    if (isRefusal(decision)) {
      const after = partsOf(books);
      equal(after.main, parts.main, 'main account after a refusal');
      equal(after.rest, parts.rest, 'books after a refusal');
      const events = decision.kind === 'decided' ? decision.events.length : 0;
      if (books.main) equal(after.sequence, parts.sequence + events, 'sequence after a refusal');
      if (decision.kind === 'decided') auditRefusal(decision, input, was);
    }
    this.auditor.judge(books, input, decision);
    if (books.main) {
      auditLimits(books, this.auditor);
      if (decision.kind === 'decided') {
        auditFunding(books, decision);
        auditTransfers(decision.events, was.main?.period ?? books.main.period, input);
        this.statements.judge(books, input, decision);
        this.suspensions.judge(books.main, decision);
        this.references.judge(input, decision);
        if (input.kind === 'command' && was.main) {
          const [before, after] = [spendable(was.main), spendable(books.main)];
          check(after >= 0n || after >= before, `${input.name} took what is available below 0`);
        }
        auditComeBack(books, was, input, decision);
      }
    }
    return decision;
  };
}
