/** A real server in a child process, as a user starts it, on free loopback ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../../bin/tensorgate.mjs', import.meta.url));

/** So that the same tests can be run over the transports that are not the default. */
const TRANSPORTS = ['grpc', 'rest'].flatMap((protocol) => {
  const transport = process.env[`TENSORGATE_TEST_${protocol.toUpperCase()}_TRANSPORT`];
  return transport === undefined ? [] : [`--${protocol}_transport=${transport}`];
});

/** The others do some things in their own way, or not at all, which is pinned down, too. */
export const grpcIsNative = process.env['TENSORGATE_TEST_GRPC_TRANSPORT'] !== 'grpc-js';
export const restIsNative = process.env['TENSORGATE_TEST_REST_TRANSPORT'] !== 'uwebsockets';

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The ports of this test run, FIRST-LAST, so that runs side by side do not meet; without it the system's. */
const [FIRST_PORT = 0, LAST_PORT = 0] = (process.env['TENSORGATE_TEST_PORTS'] ?? '')
  .split('-')
  .map(Number);
let lastPort = LAST_PORT;

/** A port that nobody listens on; never the same again soon. */
export async function freePort(): Promise<number> {
  for (;;) {
    lastPort = lastPort === LAST_PORT ? FIRST_PORT : lastPort + 1;
    const probe = createServer();
    probe.listen(lastPort, '127.0.0.1');
    try {
      await once(probe, 'listening');
    } catch {
      continue; // somebody else's
    }
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

/** Runs the command until it ends by itself. */
export async function runToEnd(args: readonly string[], env = process.env): Promise<Exit> {
  const server = new ServerProcess(args, 0, 0, env);
  return server.exit;
}

export class ServerProcess {
  /** The flags that say which transports this run is about. */
  static readonly transports: readonly string[] = TRANSPORTS;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], grpcPort: number, restPort: number, env = process.env) {
    this.grpcPort = grpcPort;
    this.restPort = restPort;
    this.#child = spawn(process.execPath, [COMMAND, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.exit = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** Resolves when the server serves. */
  static async start(
    modelName: string,
    basePath: string,
    ...more: string[]
  ): Promise<ServerProcess> {
    return ServerProcess.startWith(
      `--model_name=${modelName}`,
      `--model_base_path=${basePath}`,
      ...more,
    );
  }

  /** The same with flags that say what to serve. */
  static async startWith(...flags: string[]): Promise<ServerProcess> {
    return ServerProcess.startIn(process.env, ...flags);
  }

  /** The same in another environment. */
  static async startIn(env: NodeJS.ProcessEnv, ...flags: string[]): Promise<ServerProcess> {
    const [grpcPort, restPort] = [await freePort(), await freePort()];
    const server = new ServerProcess(
      [`--port=${grpcPort}`, `--rest_api_port=${restPort}`, ...TRANSPORTS, ...flags],
      grpcPort,
      restPort,
      env,
    );
    await server.untilLogged('"msg":"serving"');
    return server;
  }

  /** Resolves when the log has that text, from `offset` on. */
  async untilLogged(text: string, offset = 0): Promise<void> {
    while (!this.#stderr.includes(text, offset)) {
      const ended = await Promise.race([
        this.exit,
        new Promise<null>((resolve) => {
          setTimeout(resolve, 20, null);
        }),
      ]);
      if (ended !== null) {
        throw new Error(`the server ended before ${text}:\n${ended.stdout}\n${ended.stderr}`);
      }
    }
  }

  /** The log's first line with that text, once it is there. */
  async lineWith(text: string): Promise<string> {
    await this.untilLogged(text);
    for (;;) {
      const line = this.#stderr
        .split('\n')
        .slice(0, -1)
        .find((each) => each.includes(text));
      if (line !== undefined) return line;
      await this.untilLogged('\n', this.#stderr.length);
    }
  }

  /** Everything logged so far. */
  get log(): string {
    return this.#stderr;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** SIGTERM, then how it ended. */
  stop(): Promise<Exit> {
    this.signal('SIGTERM');
    return this.exit;
  }

  get restUrl(): string {
    return `http://127.0.0.1:${this.restPort}`;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.grpcPort}`;
  }

  /** Of the resident memory what is no file's, in bytes. */
  anonymousBytes(): number {
    return this.#bytesOf('RssAnon');
  }

  /** Resident memory in bytes. */
  rssBytes(): number {
    return this.#bytesOf('VmRSS');
  }

  /** The most that was ever resident. */
  peakRssBytes(): number {
    return this.#bytesOf('VmHWM');
  }

  #bytesOf(field: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }
}
