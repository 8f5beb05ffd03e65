/** An SQL statement and its parameters. `name` identifies it, also as a part of a combined statement. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/**
 * Combines SQL statements into one, and so into one round trip and one transaction. All but the last run in any case,
 * and others can refer to them by their names. The result is that of the last one. All of them see the tables in
 * their previous state.
 *
 *
 * @param name of the combined statement, at most 63 bytes; it is planned once per connection
 */
export function together(name: string, first: readonly Statement[], last: Statement): Statement {
  const values: unknown[] = [];
  const texts = [...first, last].map((statement) => {
    const before = values.length;
    values.push(...statement.values);
    return statement.text.replace(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`);
  });
  const main = texts.pop() as string;
  if (texts.length === 0) return { name, text: main, values };
  const parts = texts.map((text, index) => `${(first[index] as Statement).name} AS (${text})`);
  return { name, text: `WITH ${parts.join(',\n')}\n${main}`, values };
}
