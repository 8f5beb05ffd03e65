import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * Reads lines of "pid signal needle". End of input means that our process has ended, in whatever way. Then it
 * stops what it was told of, after a look that the pid still is that process, and kills it 15 s later.
 */
const SCRIPT = `
list=''
while read -r pid signal needle; do list="$list$pid $signal $needle
"; done
is() {
  if [ -r "/proc/$1/cmdline" ]; then line=$(tr '\\0' ' ' < "/proc/$1/cmdline"); else line=$(ps -ww -o command= -p "$1"); fi 2>/dev/null
  case "$line" in *"$2"*) return 0;; esac
  return 1
}
each() { printf '%s' "$list" | while read -r pid signal needle; do if is "$pid" "$needle"; then "$@"; fi; done; }
stop() { kill -s "$signal" "$pid" 2>/dev/null; }
left() { echo "$pid"; }
each stop
seconds=0
while [ "$seconds" -lt 15 ] && [ -n "$(each left)" ]; do sleep 1; seconds=$((seconds + 1)); done
signal_kill() { kill -s KILL "$pid" 2>/dev/null; }
each signal_kill
`;

/**
 * Stops the servers if we are killed and cannot stop them ourselves. A shell in a
 * session of its own waits on a pipe that the kernel closes with our process; it costs about 1 MB.
 *
 * On Windows there is no guard.
 */
export class OrphanGuard {
  #shell: ChildProcess | undefined;

  /** `signal` makes the process shut down cleanly; `needle` is a part of its command line. */
  watch(pid: number, signal: 'INT' | 'TERM', needle: string): void {
    if (process.platform === 'win32' || needle.includes('\n')) return;
    this.#shell ??= startShell();
    this.#shell.stdin?.write(`${pid} ${signal} ${needle}\n`);
  }

  /** Ends the guard; it does nothing, because everything that it watched has stopped. */
  dismiss(): void {
    this.#shell?.kill('SIGKILL');
    this.#shell = undefined;
  }
}

function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Everything works without a guard. But then a crash leaves servers running until the next start stops them.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  (shell.stdin as Writable & { unref?: () => void }).unref?.();
  return shell;
}
