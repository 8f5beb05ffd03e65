import type { oas31 } from 'zod-openapi';

/** The parts of a JSON Schema that this file reads and completes. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  examples?: unknown[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  items?: Schema;
}
type Resolve = (ref: string) => Schema;

/**
 * Completes a document in place. Every property, parameter and body gets an example, composed of those of its parts.
 * A property that only refers to a schema gets the schema's description. So readers need not follow references, and a
 * field without an example is found when the document is made.
 *
 *
 * @throws Error with the field for which no example can be made
 */
export function withExamples(document: oas31.OpenAPIObject): oas31.OpenAPIObject {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const resolve: Resolve = (ref) => {
    const schema = schemas[ref.split('/').at(-1) ?? ''];
    if (!schema) throw new Error(`${ref} is not in the document`);
    return schema;
  };
  for (const [name, schema] of Object.entries(schemas)) complete(schema, resolve, name);
  for (const path of Object.values(document.paths ?? {}))
    for (const operation of Object.values(path as Record<string, oas31.OperationObject>)) {
      const { operationId = '', parameters = [], requestBody, responses = {} } = operation;
      for (const parameter of parameters) completeParameter(parameter as oas31.ParameterObject, resolve);
      completeContent(requestBody as oas31.RequestBodyObject | undefined, resolve, operationId);
      for (const response of Object.values(responses as Record<string, oas31.ResponseObject>))
        completeContent(response, resolve, operationId);
    }
  return document;
}

/** @throws Error with `where`, if neither the schema nor its parts have an example */
function exampleOf(schema: Schema, resolve: Resolve, where: string): unknown {
  if (schema.examples && schema.examples.length > 0) return schema.examples[0];
  if (schema.$ref) return exampleOf(resolve(schema.$ref), resolve, where);
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return exampleOf(schema.anyOf[0], resolve, where);
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, part]) => [
        name,
        exampleOf(part, resolve, `${where}.${name}`),
      ]),
    );
  }
  if (schema.items) return [exampleOf(schema.items, resolve, `${where}[]`)];
  throw new Error(`${where} has no example: give its schema one with .meta({ examples: […] })`);
}

function complete(schema: Schema, resolve: Resolve, where: string): void {
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    complete(part, resolve, `${where}.${name}`);
    if (part.$ref && part.description === undefined) {
      const { description } = resolve(part.$ref);
      if (description !== undefined) part.description = description;
    }
    part.examples ??= [exampleOf(part, resolve, `${where}.${name}`)];
  }
  for (const part of schema.anyOf ?? []) complete(part, resolve, where);
  if (schema.items) complete(schema.items, resolve, `${where}[]`);
}

function completeParameter(parameter: oas31.ParameterObject, resolve: Resolve): void {
  const schema = (parameter.schema ?? {}) as Schema;
  const description = schema.description ?? (schema.$ref ? resolve(schema.$ref).description : undefined);
  if (description !== undefined) parameter.description ??= description;
  parameter.example ??= exampleOf(schema, resolve, parameter.name);
}

/** A body with several forms gets an example of each, by the name of its schema. */
function completeContent(
  holder: { content?: oas31.ContentObject } | undefined,
  resolve: Resolve,
  where: string,
): void {
  for (const media of Object.values(holder?.content ?? {})) {
    if (media.example !== undefined || media.examples !== undefined) continue;
    const schema = (media.schema ?? {}) as Schema;
    const forms = (schema.$ref ? resolve(schema.$ref) : schema).anyOf;
    if (forms?.every(({ $ref }) => $ref !== undefined)) {
      media.examples = Object.fromEntries(
        forms.map((form) => [form.$ref?.split('/').at(-1) ?? '', { value: exampleOf(form, resolve, where) }]),
      );
    } else media.example = exampleOf(schema, resolve, where);
  }
}
