/** A named statement: PostgreSQL parses it once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

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
  const values: unknown[] = [];
  const parts = [fence, ...others].map((statement, index) => {
    const before = values.length;
    values.push(...statement.values);
    const text = statement.text
      .replace(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`)
      .replace(WHERE_OURS, `WHERE ${ARE_OURS}`)
      .replace(AND_OURS, `AND ${ARE_OURS}`);
    return `${index === 0 ? 'ours' : `part${index}`} AS (${text})`;
  });
  return { name, text: `WITH ${parts.join(',\n')}\nSELECT FROM ours`, values };
}
