/**
 * What a person sees of the set-up, and the child processes it runs. All of it goes to stderr, so that
 * stdout stays the server's. A failure that the person can mend is a SetupError: its text is enough.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const HEARTBEAT_MS = 5000;
const TAIL_LINES = 40;

export class SetupError extends Error {}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** @param {number} sinceMs */
export function seconds(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** @type {Set<import('node:child_process').ChildProcess>} each leads a process group of its own */
const running = new Set();

/** Ends the child processes with their own children when this process is asked to end. */
export function endChildrenOnSignals() {
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const handler = () => {
      endChildren();
      say(`stopped by ${signal}; the next run takes it up again`);
      process.exit(signal === 'SIGINT' ? 130 : 143);
    };
    process.on(signal, handler);
    return /** @type {const} */ ([signal, handler]);
  });
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}

function endChildren() {
  for (const child of running) {
    try {
      process.kill(-(/** @type {number} */ (child.pid)), 'SIGTERM');
    } catch {
      // It ended by itself just now.
    }
  }
}

/** Ends the child processes when this process ends, whyever it does. */
export function endChildrenAtExit() {
  process.on('exit', endChildren);
  return () => void process.off('exit', endChildren);
}

/**
 * Runs a command whose own output is worth showing as it comes.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit status, or 1 where a signal ended it
 */
export function runShown(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2], ...options, detached: true });
    running.add(child);
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a command and keeps all it prints, on stdout and stderr in their order.
 * @param {string} command
 * @param {string[]} args
 * @param {{env?: NodeJS.ProcessEnv}} [options]
 * @returns {Promise<{status: number, output: string}>} status: 1 where a signal ended it
 */
export function runCollected(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    }
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      resolve({ status: code ?? 1, output });
    });
  });
}

/**
 * Runs a command with its output in a log file: a heartbeat tells how far it is, and on failure the end
 * of the log is printed.
 * @param {string} what e.g. "building the addon"
 * @param {string} log path of the log file
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export async function runLogged(what, log, command, args, options = {}) {
  mkdirSync(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const start = Date.now();
  let output = '';
  const beat = setInterval(() => {
    const lines = output.trimEnd().split('\n');
    const last = lines.findLast((line) => line.startsWith('[')) ?? lines.at(-1) ?? ''; // "[12/40] …"
    say(`${what}: ${seconds(start)}${last ? `, ${last.trim().slice(0, 100)}` : ''}`);
  }, HEARTBEAT_MS);
  try {
    await new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        ...options,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      running.add(child);
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
          file.write(text);
          output = (output + text).slice(-64 * 1024);
        });
      }
      child.on('error', reject);
      child.on('close', (code, signal) => {
        running.delete(child);
        if (code === 0) return resolve(undefined);
        process.stderr.write(`${output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')}\n`);
        reject(
          new SetupError(`${what} failed (${signal ?? `status ${code}`}); all of it is in ${log}`),
        );
      });
    });
  } finally {
    clearInterval(beat);
    await new Promise((resolve) => file.end(resolve));
  }
  say(`${what}: done in ${seconds(start)}`);
}
