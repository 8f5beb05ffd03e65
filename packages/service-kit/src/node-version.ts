import { basename, relative } from 'node:path';

/** The major version that `npm ci` installs and every test runs on. */
export const MIN_NODE_MAJOR = 24;

/**
 * What to do about a Node that is too old; undefined when it is new enough. Older ones lack functions of the standard
 * library, so a program would fail halfway, or take a missing function for a fault of what it tests.
 *
 * @param version as `process.version` has it
 * @param script path of the program that was started
 * @param cwd folder that the remedy's paths start from
 */
export function oldNodeMessage(
  version: string,
  script: string,
  args: readonly string[],
  cwd: string,
): string | undefined {
  const major = Number(/^v(\d+)\./.exec(version)?.[1]);
  if (major >= MIN_NODE_MAJOR) return undefined;
  const command = ['node_modules/.bin/node', relative(cwd, script) || basename(script), ...args].join(' ');
  return (
    `This program needs Node ${MIN_NODE_MAJOR} or newer, and this is Node ${version.slice(1)}. In a checkout, \`npm ci\` has ` +
    `installed Node ${MIN_NODE_MAJOR}: use the npm script that README.md names, or start it at the root with\n  ${command}`
  );
}
