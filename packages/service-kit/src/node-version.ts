import { basename, relative } from 'node:path';

/** The major version that `npm ci` installs and that every test uses. */
export const MIN_NODE_MAJOR = 24;

/**
 * Instructions for an outdated Node, or undefined if it is new enough. Older versions lack functions of the standard
 * library, so a program would fail halfway, or report a missing function as a failure of the tested system.
 *
 *
 * @param version as in `process.version`
 * @param script path of the started program
 * @param cwd folder to which the instructions' paths are relative
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
