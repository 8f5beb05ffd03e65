import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Output of the build (`scripts/build-docs.mjs`), at the same relative path from `src` and `dist`. */
const FOLDER = new URL('../../dist/docs/', import.meta.url);

interface DocsIndex {
  readonly guides: readonly { readonly name: string; readonly title: string }[];
  /** Hash of the assets. It is part of their addresses, so that browsers may cache them. */
  readonly version: string;
  readonly assets: readonly string[];
}

let index: DocsIndex | undefined;

/** Read on the first request for a page: most gateways never show one. */
export function docsIndex(): DocsIndex {
  index ??= JSON.parse(readFileSync(new URL('index.json', FOLDER), 'utf8')) as DocsIndex;
  return index;
}

/**
 * The HTML of a guide.
 * @param name a name of the index
 */
export const guideHtml = (name: string): string => readFileSync(new URL(`${name}.html`, FOLDER), 'utf8');

const TYPES: Readonly<Record<string, string>> = {
  'redoc.js': 'text/javascript; charset=utf-8',
  'show-redoc.js': 'text/javascript; charset=utf-8',
  'docs.css': 'text/css; charset=utf-8',
  'asyncapi.json': 'application/json; charset=utf-8',
};

/** Streams a file from disk, compressed if the client accepts it. No file stays in memory. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  cacheControl: string,
): Promise<void> {
  const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const file = new URL(zipped ? `${name}.gz` : name, FOLDER);
  const { size } = await stat(file);
  reply.headers({
    'content-type': TYPES[name],
    'content-length': size,
    'cache-control': cacheControl,
    vary: 'accept-encoding',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  });
  await reply.send(createReadStream(file));
}
