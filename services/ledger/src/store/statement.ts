import { type Statement, together } from '@subledger/database';

/**
 * Stands where a statement's rows can be made to depend on the lane being ours, see `oneStatement`; as it is, a
 * comment.
 */
export const WHERE_OURS = '/* where ours */';

/** Where a statement that has its own condition takes the lane's as well. */
export const AND_OURS = '/* and ours */';

const ARE_OURS = 'EXISTS (SELECT FROM ours)';

/**
 * Many statements as one, and so as one round trip and one transaction: the first is the fence (`… RETURNING` a row
 * if the lane is ours), the others happen only if it gave one. Answers one row per row of the fence.
 */
export function oneStatement(name: string, fence: Statement, others: readonly Statement[]): Statement {
  const fenced = others.map(({ text, values }, index) => ({
    name: `part${index + 1}`,
    text: text.replace(WHERE_OURS, `WHERE ${ARE_OURS}`).replace(AND_OURS, `AND ${ARE_OURS}`),
    values,
  }));
  return together(name, [{ ...fence, name: 'ours' }, ...fenced], FENCE_ROWS);
}

const FENCE_ROWS: Statement = { name: 'rows', text: 'SELECT FROM ours', values: [] };
