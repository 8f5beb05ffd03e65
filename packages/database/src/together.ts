/** A statement and its parameters. `name` tells it from others, and names its part where several are one. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/**
 * Statements as one, and so as one round trip and one transaction. Those before the last are carried out whether or not
 * they answer something, under their names, by which the others may refer to them; the last one's answer is the answer.
 * They all see the tables as they were before.
 *
 * @param name of the whole; what is sent under it is planned once per connection, and keeps to 63 bytes
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
