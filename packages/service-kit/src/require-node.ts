import { oldNodeMessage } from './node-version.js';

/**
 * Ends the process if its Node is outdated. Every entry point imports this first, and the rest by `import()`
 * afterwards: a static import of a name that an older Node lacks would fail before this code runs.
 */
const message = oldNodeMessage(process.version, process.argv[1] ?? '', process.argv.slice(2), process.cwd());
if (message !== undefined) {
  console.error(message);
  process.exit(1);
}
