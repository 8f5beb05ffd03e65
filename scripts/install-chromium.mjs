/** Installs Debian's Chromium for the tests in a browser, where there is none. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

if (process.env.CHROMIUM_PATH || PLACES.some((path) => existsSync(path))) process.exit(0);
if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
  console.error(
    'Install Chromium by your own means and set CHROMIUM_PATH: this script can on Debian, as root.',
  );
  process.exit(1);
}
console.log('Installing Chromium …');
for (const args of [
  ['update', '-qq'],
  ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
]) {
  const { status } = spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) process.exit(1);
}
