/**
 * grpc_health_probe, the program that orchestrators run for gRPC health: as it is installed, or built by Go as
 * health-probe/go.mod has it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, ServerProcess } from '../wire/server-process.js';
import { find } from './programs.js';

const MODULE = fileURLToPath(new URL('../../../test/clients/health-probe', import.meta.url));
const PACKAGE = 'github.com/grpc-ecosystem/grpc-health-probe';
const MODEL = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));
/** The first build fetches and compiles gRPC. */
const BUILD_MILLIS = 300_000;
/** The program's exit codes. */
const SERVES = 0;
const CANNOT_CONNECT = 2;
const CHECK_FAILED = 3;
const DOES_NOT_SERVE = 4;

interface Run {
  readonly code: number | null;
  readonly text: string;
}

async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeout?: number } = {},
): Promise<Run> {
  const child = spawn(program, args, { timeout: 10_000, ...options });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

describe('grpc_health_probe', function () {
  this.timeout(BUILD_MILLIS + 60_000);
  let folder: string;
  let program: string;
  const servers: ServerProcess[] = [];
  let missing: string | null = null;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-health-probe-'));
    const installed = find('grpc_health_probe') ?? find('grpc-health-probe');
    if (installed !== null) {
      program = installed;
      return;
    }
    const go = find('go') ?? '/usr/local/go/bin/go';
    program = join(folder, 'grpc_health_probe');
    const options = { cwd: MODULE, timeout: BUILD_MILLIS };
    const built = await run(go, ['build', '-o', program, PACKAGE], options).catch(() => null);
    if (built === null) missing = 'there is neither grpc_health_probe nor go';
    else if (built.code !== 0) missing = `grpc_health_probe cannot be built: ${built.text}`;
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((each) => each.stop()));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const itProbes = (title: string, body: () => Promise<void>): void => {
    it(title, async function () {
      if (missing === null) await body();
      else {
        Object.assign(this.test ?? {}, { skipReason: missing });
        this.skip();
      }
    });
  };
  const probe = ({ grpcAddress }: ServerProcess, ...flags: string[]): Promise<Run> =>
    run(program, [`-addr=${grpcAddress}`, '-connect-timeout=2s', '-rpc-timeout=2s', ...flags]);

  /** Resolves when it ends with that code, which it prints the reason of. */
  async function until(code: number, server: ServerProcess, ...flags: string[]): Promise<string> {
    for (;;) {
      const { code: found, text } = await probe(server, ...flags);
      if (found === code) return text;
    }
  }

  async function listening(...flags: string[]): Promise<ServerProcess> {
    const port = await freePort();
    const transports = ServerProcess.transports;
    const server = new ServerProcess([`--port=${port}`, ...transports, ...flags], port, 0);
    servers.push(server);
    await server.untilLogged('gRPC at');
    return server;
  }

  itProbes('sees a load, an unload and a drain, of the server and of a model', async () => {
    const base = join(folder, 'm');
    mkdirSync(base);
    const put = (): void => cpSync(join(MODEL, '1'), join(base, '1'), { recursive: true });
    const server = await listening(
      '--model_name=m',
      `--model_base_path=${base}`,
      '--listen_before_loaded',
      '--drain_wait_seconds=3',
    );
    assert.match(await until(DOES_NOT_SERVE, server), /NOT_SERVING/);
    assert.equal((await probe(server, '-service=m')).code, DOES_NOT_SERVE);
    put();
    assert.match(await until(SERVES, server), /status: SERVING/);
    assert.equal((await probe(server, '-service=m')).code, SERVES);
    rmSync(join(base, '1'), { recursive: true });
    await until(DOES_NOT_SERVE, server, '-service=m');
    put();
    await until(SERVES, server, '-service=m');
    server.signal('SIGTERM');
    await server.untilLogged('draining');
    assert.equal((await probe(server)).code, DOES_NOT_SERVE);
    assert.equal((await probe(server, '-service=m')).code, DOES_NOT_SERVE);
    assert.equal((await server.exit).code, 0);
    assert.equal((await probe(server)).code, CANNOT_CONNECT);
  });

  itProbes('is told of names that nobody knows', async () => {
    const server = await listening('--model_name=m', `--model_base_path=${MODEL}`);
    const { code, text } = await probe(server, '-service=n');
    assert.equal(code, CHECK_FAILED);
    assert.match(text, /NotFound.*service name unknown/);
  });
});
