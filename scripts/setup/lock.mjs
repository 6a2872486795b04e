/**
 * One set-up at a time in a folder. The lock is the kernel's (flock), held by a small child process until
 * this one lets go or dies in whatever way, so that no stale lock can be left behind.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { say, SetupError } from './progress.mjs';

const HOLDER = `
import fcntl, os, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("waiting", flush=True)
    fcntl.flock(lock, fcntl.LOCK_EX)
os.ftruncate(lock, 0)
os.write(lock, sys.argv[2].encode())
print("locked", flush=True)
sys.stdin.read()
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
  const holder = spawn('python3', ['-c', HOLDER, path, String(process.pid)], {
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
