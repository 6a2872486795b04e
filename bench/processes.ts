/**
 * Child processes on a chosen CPU: servers that run until stopped, and programs that print one
 * line of JSON. Children still alive when the bench ends are ended with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** A second, as Linux tells it to programs on all its architectures. */
const CLOCK_TICKS = 100;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}

/** A server process; its output is kept for the message when it fails. */
/** One CPU, or several. */
export type Cpus = number | readonly number[];

export class PinnedServer {
  readonly #child: ChildProcess;
  #output = '';

  constructor(cpus: Cpus, command: readonly string[]) {
    this.#child = start(cpus, command);
    const keep = (text: string): void => {
      this.#output = (this.#output + text).slice(-4000);
    };
    this.#child.stdout?.setEncoding('utf8').on('data', keep);
    this.#child.stderr?.setEncoding('utf8').on('data', keep);
  }

  /** Polls until `probe` is true; throws when the process ends, or after a minute. */
  async ready(probe: () => Promise<boolean>, intervalMs = 50): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!(await probe().catch(() => false))) {
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${this.#child.spawnargs.join(' ')} did not start:\n${this.#output}`);
      }
      await delay(intervalMs);
    }
  }

  /** UNITS: bytes, now and at most so far. taskset became the server: they have one process id. */
  memory(): { readonly resident: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const bytes = (field: string): number =>
      1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  /** UNITS: seconds of processor time so far, of all threads and of each by its id. */
  processorTime(): { readonly all: number; readonly threads: ReadonlyMap<string, number> } {
    const of = (folder: string): number => {
      // The fields after the name, which may have blanks in it; proc(5) counts from 1.
      const fields = readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return (Number(fields[14 - 3]) + Number(fields[15 - 3])) / CLOCK_TICKS;
    };
    const folder = `/proc/${this.#child.pid}`;
    const threads = new Map<string, number>();
    for (const id of readdirSync(`${folder}/task`)) threads.set(id, of(`${folder}/task/${id}`));
    return { all: of(folder), threads };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** Runs a program to its end and parses what it printed. Throws with its stderr when it fails. */
export async function runForJson<T>(core: number, command: readonly string[]): Promise<T> {
  const child = start(core, command);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr.trim()}`);
  if (stderr.includes('failure:')) process.stderr.write(stderr);
  return JSON.parse(stdout) as T;
}

function start(cpus: Cpus, command: readonly string[]): ChildProcess {
  const child = spawn('taskset', ['-c', [cpus].flat().join(','), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  alive.add(child);
  child.on('exit', () => alive.delete(child));
  child.on('error', (error) => {
    throw new Error(`taskset cannot be started: ${error.message}`);
  });
  return child;
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}
