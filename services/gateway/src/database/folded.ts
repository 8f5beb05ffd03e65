import { Prisma } from '../generated/prisma/client.js';

/**
 * SQL of a text as searches compare it: case, width (`ＡＢＣ`, `ﾃｽﾄ`) and the way in which accents are written do not matter
 * (NFKC, then Unicode's case folding). By a collation of its own: the database's may know the case of ASCII alone.
 */
const folded = (text: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`casefold(normalize(${text}, NFKC) COLLATE "pg_unicode_fast")`;

/** Whether a text has another one anywhere. */
export function contains(text: Prisma.Sql, part: string): Prisma.Sql {
  // Normalized before wildcards are taken for themselves: a full-width percent sign is one only afterwards.
  const pattern = `%${part.normalize('NFKC').replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  return Prisma.sql`${folded(text)} LIKE ${folded(Prisma.sql`${pattern}::text`)}`;
}
