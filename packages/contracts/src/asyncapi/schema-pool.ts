import { z } from 'zod';

/** A reference inside the document. */
export interface Ref {
  readonly $ref: string;
}

/** AsyncAPI's own schema dialect is a superset of draft-07. Schemas that are used twice go below `components`. */
const DIALECT = { io: 'input', unrepresentable: 'any', target: 'draft-7' } as const;

/** Collects the schemas of the document, each named schema once, and returns references to them. */
export class SchemaPool {
  readonly schemas: Record<string, unknown> = {};

  /**
   * Adds the schema and all named schemas in it. A schema that has an id of its own keeps that id instead of `name`.
   * @throws Error if one name is used for two different schemas
   */
  add(name: string, schema: z.ZodType): Ref {
    const { $schema: _, definitions, ...root } = z.toJSONSchema(schema, DIALECT);
    for (const [inner, found] of Object.entries((definitions ?? {}) as Record<string, unknown>))
      this.#put(inner, found);
    return typeof root.$ref === 'string' ? (hoisted(root) as unknown as Ref) : this.#put(name, root);
  }

  /** The schema that a reference of this pool points to. */
  get({ $ref }: Ref): object {
    return this.schemas[$ref.slice($ref.lastIndexOf('/') + 1)] as object;
  }

  #put(name: string, schema: unknown): Ref {
    const found = hoisted(schema);
    const known = this.schemas[name];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(found))
      throw new Error(`two different schemas are named ${name}`);
    this.schemas[name] = found;
    return { $ref: `#/components/schemas/${name}` };
  }
}

const hoisted = (schema: unknown): Record<string, unknown> =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/definitions/', '"#/components/schemas/'));
