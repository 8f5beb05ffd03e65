import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the build made (`scripts/build-docs.mjs`); the same from `src` and `dist`. */
const FOLDER = new URL('../../dist/docs/', import.meta.url);

interface DocsIndex {
  readonly guides: readonly { readonly name: string; readonly title: string }[];
  /** Hash of the assets: part of their addresses, so that browsers may keep them. */
  readonly version: string;
  readonly assets: readonly string[];
}

let index: DocsIndex | undefined;

/** Read when the first page is asked for: most gateways never show one. */
export function docsIndex(): DocsIndex {
  index ??= JSON.parse(readFileSync(new URL('index.json', FOLDER), 'utf8')) as DocsIndex;
  return index;
}

/** The HTML of a guide. @param name one of the index */
export const guideHtml = (name: string): string => readFileSync(new URL(`${name}.html`, FOLDER), 'utf8');

const TYPES: Readonly<Record<string, string>> = {
  'redoc.js': 'text/javascript; charset=utf-8',
  'show-redoc.js': 'text/javascript; charset=utf-8',
  'docs.css': 'text/css; charset=utf-8',
  'asyncapi.json': 'application/json; charset=utf-8',
};

/** Streams a file from the disk, compressed where the client takes that: none stays in memory. */
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
