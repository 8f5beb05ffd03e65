import type { oas31 } from 'zod-openapi';

interface Sample {
  readonly lang: string;
  readonly label: string;
  readonly source: string;
}

interface Call {
  readonly method: string;
  /** With example values of its parameters. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Example of the body, as JSON. */
  readonly body: string | undefined;
}

/**
 * Adds a sample in curl and in TypeScript to each operation, made from the document's own examples. To run it, put
 * the operator's or the main account's key into KEY. Changes the document in place. Call it after `withExamples`.
 */
export function withSamples(document: oas31.OpenAPIObject): oas31.OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(item as Record<string, oas31.OperationObject>)) {
      const call = callOf(method.toUpperCase(), path, operation);
      Object.assign(operation, { 'x-codeSamples': [curl(call), typeScript(call)] });
    }
  return document;
}

function callOf(method: string, path: string, operation: oas31.OperationObject): Call {
  const parameters = (operation.parameters ?? []) as oas31.ParameterObject[];
  const exampleOf = ({ example, schema }: oas31.ParameterObject): string =>
    String(example ?? (schema as oas31.SchemaObject | undefined)?.examples?.[0] ?? '');
  const filled = parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((text, parameter) => text.replace(`{${parameter.name}}`, exampleOf(parameter)), path);
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map((parameter) => `${parameter.name}=${encodeURIComponent(exampleOf(parameter))}`);
  const content = (operation.requestBody as oas31.RequestBodyObject | undefined)?.content;
  const [media] = Object.values(content ?? {});
  const example = media?.example ?? (Object.values(media?.examples ?? {})[0] as oas31.ExampleObject)?.value;
  const security = operation.security ?? [];
  const hasKey = security.some((one) => 'apiKey' in one);
  const takesRepeatKey = parameters.some(({ name }) => name === 'Idempotency-Key');
  return {
    method,
    path: query.length === 0 ? filled : `${filled}?${query.join('&')}`,
    headers: {
      ...(hasKey ? { Authorization: 'Bearer $KEY' } : {}),
      ...(!hasKey && security.length > 0 ? { Cookie: '$COOKIE' } : {}),
      ...(!hasKey && security.length > 0 && method !== 'GET' ? { 'X-CSRF-Token': '$TOKEN' } : {}),
      ...(takesRepeatKey ? { 'Idempotency-Key': '$ID' } : {}),
      ...(media === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    body: media === undefined ? undefined : JSON.stringify(example, null, 2),
  };
}

function curl({ method, path, headers, body }: Call): Sample {
  const lines = [
    `curl --request ${method} "$URL${path}"`,
    ...Object.entries(headers).map(([name, value]) => `  --header "${name}: ${value}"`),
    ...(body === undefined ? [] : [`  --data '${body.replaceAll("'", "'\\''")}'`]),
  ];
  return { lang: 'shell', label: 'curl', source: lines.join(' \\\n') };
}

const VARIABLES: Readonly<Record<string, string>> = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program
  'Bearer $KEY': '`Bearer ${key}`',
  $COOKIE: 'cookie',
  $TOKEN: 'csrfToken',
  $ID: 'crypto.randomUUID()',
};

function typeScript({ method, path, headers, body }: Call): Sample {
  const header = Object.entries(headers).map(
    ([name, value]) => `    '${name}': ${VARIABLES[value] ?? `'${value}'`},`,
  );
  const source = [
    `const response = await fetch(\`\${url}${path}\`, {`,
    `  method: '${method}',`,
    ...(header.length === 0 ? [] : ['  headers: {', ...header, '  },']),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${body.replaceAll('\n', '\n  ')}),`]),
    '});',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program
    'if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);',
  ].join('\n');
  return { lang: 'TypeScript', label: 'TypeScript', source };
}
