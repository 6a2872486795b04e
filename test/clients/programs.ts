/** Programs that people have: found where they are installed, run for a bounded time, ended by their id. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MOST_MILLIS = 10_000;
/** Servers are often not on the path of users. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Where it is; null where it is not installed. */
export function find(program: string): string | null {
  for (const folder of FOLDERS) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** A test with a program, given where that is; skipped where it is not installed. */
export function itWith(
  program: string,
  title: string,
  body: (path: string) => Promise<void>,
): void {
  it(title, async function () {
    const path = find(program);
    if (path === null) {
      Object.assign(this.test ?? {}, { skipReason: `there is no ${program}` });
      this.skip();
    } else await body(path);
  });
}

/** What it printed. Fails where it ends with another status than 0, or takes too long. */
export async function outputOf(
  path: string,
  args: readonly string[],
  input: string | null = null,
  mostMillis = MOST_MILLIS,
): Promise<string> {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: mostMillis });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => undefined); // it need not read all
  child.stdin.end(input);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(code ?? signal, 0, `${args.join(' ')}\n${output}\n${errors}`);
  return output;
}

/** A program that runs until it is stopped. */
export class Background {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #errors = '';

  private constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#exit = once(this.#child, 'close');
  }

  /** Resolves when all the ports take connections. */
  static async start(
    path: string,
    args: readonly string[],
    ports: readonly number[],
  ): Promise<Background> {
    const program = new Background(path, args);
    const giveUp = Date.now() + MOST_MILLIS;
    for (const port of ports) {
      while (!(await takesConnections(port))) {
        const isOver = program.#child.exitCode !== null || Date.now() > giveUp;
        if (isOver) await program.stop();
        assert.ok(!isOver, `${path} does not listen: ${program.#errors}`);
        await delay(20);
      }
    }
    return program;
  }

  /** What it wrote to stderr so far. */
  get errors(): string {
    return this.#errors;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exit;
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
