/**
 * One set-up at a time in a folder. The lock is the kernel's (flock), held by a small child process until
 * this one lets go or dies in whatever way, so that no stale lock can be left behind.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { say, SetupError } from './progress.mjs';

const HOLDER = `
exec 9<>"$1"
flock --nonblock 9 || { echo waiting; flock 9; }
printf %s "$2" >"$1"
echo locked
cat >/dev/null
`;

/**
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, work) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'setup.lock');
  // In its own process group: a Ctrl-C must not free the lock before the work has stopped.
  const holder = spawn('bash', ['-c', HOLDER, 'lock', path, String(process.pid)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  await new Promise((resolve, reject) => {
    holder.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      if (text.includes('waiting')) {
        say(`waits for another set-up to end (process ${readFileSync(path, 'utf8') || 'unknown'})`);
      }
      if (text.includes('locked')) resolve(undefined);
    });
    holder.on('error', reject);
    holder.on('close', () => reject(new SetupError(`cannot lock ${path}`)));
  });
  try {
    return await work();
  } finally {
    await new Promise((resolve) => holder.on('close', resolve).stdin.end());
  }
}
