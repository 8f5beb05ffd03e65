import { oldNodeMessage } from './node-version.js';

/**
 * Ends the process when its Node is too old. Every entry point imports this first, and the rest by `import()` after it:
 * a static import of a name that an older Node lacks would fail before anything runs.
 */
const message = oldNodeMessage(process.version, process.argv[1] ?? '', process.argv.slice(2), process.cwd());
if (message !== undefined) {
  console.error(message);
  process.exit(1);
}
