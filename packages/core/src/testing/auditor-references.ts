import type { Input } from '../input.js';
import type { Decision } from '../outcome.js';
import { check } from './check.js';

/** Keeps every booked text, and checks that none is booked twice unless the command allows it. */
export class ReferenceAuditor {
  readonly #booked = new Set<string>();

  judge(input: Input, { events }: Extract<Decision, { kind: 'decided' }>): void {
    if (input.kind !== 'command') return;
    if (input.name !== 'points.purchase' && input.name !== 'points.adjust') return;
    const text = 'reference' in input.data ? input.data.reference : input.data.reason;
    const key = `${input.name} ${text.normalize('NFKC').trim().toLowerCase()}`;
    const again = text.trim() !== '' && this.#booked.has(key) && !input.data.allowDuplicateReference;
    const refused = events.some(
      ({ name, detail }) =>
        name === 'command.rejected' && (detail as { code: string }).code === 'duplicate-reference',
    );
    if (refused) check(again, `refused, but not booked before: ${key}`);
    if (!events.some(({ name }) => name === 'points.purchased' || name === 'points.adjusted')) return;
    check(!again, `booked twice: ${key}`);
    this.#booked.add(key);
  }
}
