import { DEAD_LETTER_REASONS, instant, isDeadLetterReason } from '@subledger/contracts';
import { UsageError } from '@subledger/service-kit';
import { listDeadLetters, showDeadLetter } from './dead-letter-list.js';
import type { OperatorCommand, OperatorContext } from './operator-command.js';
import { parseOptions } from './options.js';
import { replayDeadLetters } from './replay-dead-letters.js';

const USAGE = `npm run ledger -- dead-letters list [--reason <reason>] [--main <id>] [--since <instant>] [--limit <n>] [--json]
npm run ledger -- dead-letters show <topic>:<partition>:<offset>
npm run ledger -- dead-letters replay <topic>:<partition>:<offset> [--force] [--yes]
npm run ledger -- dead-letters replay --all --reason <reason> [--force] [--yes]

A place is that of the dead letter itself (deadletters.v1:3:17) or of the record that it was made of.
The content of messages is never shown.

  --limit   how many of the newest to list (default 50)
  --force   replays a command although a later one on the same object is booked
  --yes     without it, replay only shows what it would do

Reasons: ${DEAD_LETTER_REASONS.join(', ')}`;

const OPTIONS = {
  reason: { type: 'string' },
  main: { type: 'string' },
  since: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  force: { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>['values'];

export const deadLetters: OperatorCommand = {
  name: 'dead-letters',
  summary: 'list, show and replay what could not be processed',
  async run(args, context) {
    const { values, positionals } = parseOptions(args, OPTIONS, USAGE);
    if (values.help) {
      context.print(USAGE);
      return 0;
    }
    const [action, place, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError(`What is "${rest.join(' ')}"?\n\n${USAGE}`);
    if (values.reason !== undefined && !isDeadLetterReason(values.reason)) {
      throw new UsageError(
        `There is no reason "${values.reason}". Reasons: ${DEAD_LETTER_REASONS.join(', ')}.`,
      );
    }
    if (action === 'list' && place === undefined) return list(values, context);
    if (action === 'show' && place !== undefined) return showDeadLetter(context, place);
    if (action === 'replay') return replay(place, values, context);
    throw new UsageError(USAGE);
  },
};

function list(values: Values, context: OperatorContext): Promise<number> {
  const { since, limit = '50' } = values;
  if (since !== undefined && !instant.safeParse(since).success) {
    throw new UsageError(
      `--since must be an instant with Z or an offset, such as 2026-11-23T09:00:00Z, not "${since}".`,
    );
  }
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError(`--limit must be 1 to 999999, not "${limit}".`);
  return listDeadLetters(context, {
    reason: values.reason,
    mainAccountId: values.main,
    since: since === undefined ? undefined : Date.parse(since),
    limit: Number(limit),
    json: values.json ?? false,
  });
}

function replay(place: string | undefined, values: Values, context: OperatorContext): Promise<number> {
  const { force = false, yes = false, all = false, reason } = values;
  if (place !== undefined && !all && reason === undefined) {
    return replayDeadLetters(context, { which: { place }, force, yes });
  }
  if (place === undefined && all && reason !== undefined) {
    return replayDeadLetters(context, { which: { reason }, force, yes });
  }
  throw new UsageError(`Replay one by its place, or all of a reason.\n\n${USAGE}`);
}
