/** A named statement: PostgreSQL parses it once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/**
 * Statements as one, and so as one round trip and one transaction. Those before the last are carried out whether or not
 * they answer something; the last one's answer is the answer. They all see the tables as they were before.
 *
 * @param name at most 63 bytes, the same for the same statements
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
