/** What an operator sees of models that cannot be loaded: the log, the status, how the process ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient } from '../wire/grpc-client.js';
import { freePort, runToEnd, ServerProcess, type Exit } from '../wire/server-process.js';

const VERSIONS = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../../bin/tensorgate.mjs', import.meta.url));
const NOBODY = 65534;
/** TensorFlow's, of a saved_model.pb that is none. */
const REASON = 'Read less bytes than requested';
/** A line of the log that tells when the next attempt is. */
const NEXT = /attempt 1 of 6, the next at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/;

interface Status {
  readonly state: string;
  readonly status?: { readonly error_code?: string; readonly error_message?: string };
}

describe('A model that cannot be loaded', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-load-'));
    chmodSync(folder, 0o755);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Made by hand, it takes neither a SavedModel's place nor its time. */
  const broken = (name = 'broken'): string => {
    mkdirSync(join(folder, name, '1'), { recursive: true });
    writeFileSync(join(folder, name, '1', 'saved_model.pb'), 'no model');
    return join(folder, name);
  };
  const starting = async (basePath: string, ...flags: string[]): Promise<ServerProcess> => {
    const port = await freePort();
    const model = ['--model_name=m', `--model_base_path=${basePath}`];
    return new ServerProcess([`--port=${port}`, ...model, ...flags], port, 0);
  };

  it('is told at once with the time of the next attempt, and again when a signal ends the start', async () => {
    const server = await starting(broken());
    const line = await server.lineWith('load failed: ');
    assert.match(line, NEXT);
    server.signal('SIGTERM');
    const { code, stdout, stderr } = await server.exit;
    assert.equal(code, 0);
    assert.equal(stdout, '');
    assert.ok(line.includes(REASON), line);
    const last = stderr.split('\n').find((each) => each.includes('stopped before it served'));
    assert.ok(last?.includes(`: m (OUT_OF_RANGE: ${REASON})`), stderr);
  });

  it('is tried as often as told, each time with a line', async () => {
    const flags = ['--max_num_load_retries=2', '--load_retry_interval_micros=1000'];
    const server = await starting(broken(), ...flags);
    const { code, stdout, stderr } = await server.exit;
    assert.equal(code, 255);
    assert.match(
      stdout,
      /^Failed to start server\. Error: UNKNOWN: 1 servable\(s\) did not become /,
    );
    const attempts = stderr.match(/attempt \d of 3/g);
    assert.deepEqual(attempts, ['attempt 1 of 3', 'attempt 2 of 3', 'attempt 3 of 3']);
    const retries = stderr.match(/Retrying of Loading servable: \{name: m version: 1\} retry: \d/g);
    assert.deepEqual(
      retries?.map((text) => text.at(-1)),
      ['1', '2'],
    );
  });

  it('stands in the status of both transports between two attempts, and is mended in place', async () => {
    const server = await ServerProcess.start('m', VERSIONS);
    const client = new GrpcClient(server.grpcAddress);
    const base = broken();
    const reloaded = client.reload([
      { name: 'm', base_path: VERSIONS },
      { name: 'broken', base_path: base },
    ]);
    await server.untilLogged('load failed: ');
    const overGrpc = (await client.modelStatus({ model_spec: { name: 'broken' } })) as {
      model_version_status: Status[];
    };
    const overRest = (await (await fetch(`${server.restUrl}/v1/models/broken`)).json()) as {
      model_version_status: Status[];
    };
    for (const [version] of [overGrpc.model_version_status, overRest.model_version_status]) {
      assert.equal(version?.state, 'LOADING');
      assert.equal(version?.status?.error_code, 'OUT_OF_RANGE');
      assert.equal(version?.status?.error_message, REASON);
    }
    cpSync(join(VERSIONS, '1'), join(base, '1'), { recursive: true });
    assert.deepEqual(await reloaded, { status: {} }, 'without waiting a minute');
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  it('is given up when it is removed or its version is deleted, with the reason', async () => {
    const server = await ServerProcess.start('m', VERSIONS);
    const client = new GrpcClient(server.grpcAddress);
    const m = { name: 'm', base_path: VERSIONS };
    const [a, b] = [broken('a'), broken('b')];
    const reloaded = client.reload([m, { name: 'a', base_path: a }, { name: 'b', base_path: b }]);
    const refused = assert.rejects(reloaded, {
      code: StatusCode.ABORTED,
      details:
        /^Superseded by a later configuration before these models served: a \(removed\), b \(NOT_FOUND: No versions of /,
    });
    for (const name of ['a', 'b']) {
      await server.untilLogged(`"{name: ${name} version: 1}","code":11`);
    }
    rmSync(join(b, '1'), { recursive: true });
    await server.untilLogged('No versions of servable b');
    assert.deepEqual(await client.reload([m, { name: 'b', base_path: b }]), { status: {} });
    await refused;
    for (const name of ['a', 'b']) {
      const { model_version_status: versions } = (await client.modelStatus({
        model_spec: { name },
      })) as { model_version_status: Status[] };
      assert.equal(versions[0]?.state, 'END');
      assert.equal(versions[0]?.status?.error_message, REASON);
    }
    assert.equal(server.log.match(new RegExp(`load cancelled: ${REASON}`, 'g'))?.length, 2);
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  for (const [what, make, text] of [
    [
      'a SavedModel in the place of a base path',
      (): string => join(VERSIONS, '2'),
      /FAILED_PRECONDITION: .*versions\/2 is itself a SavedModel .*: give the folder above it, .*versions\. /,
    ],
    [
      'a TFLite model beside where the versions belong',
      (): string => {
        writeFileSync(join(folder, 'm.tflite'), '');
        return folder;
      },
      /FAILED_PRECONDITION: .* holds a TFLite model \(m\.tflite\): call it model\.tflite/,
    ],
    [
      'an ONNX model as a version',
      (): string => {
        mkdirSync(join(folder, '1'));
        writeFileSync(join(folder, '1', 'm.onnx'), '');
        return folder;
      },
      /due to error: NOT_FOUND: Specified file path [^]*It holds an ONNX model \(m\.onnx\): /,
    ],
    [
      'a file in the place of a base path',
      (): string => {
        writeFileSync(join(folder, 'm'), '');
        return join(folder, 'm');
      },
      /FAILED_PRECONDITION: .*\/m is a file, not a folder\. /,
    ],
    [
      'a link that leads in a circle',
      (): string => {
        symlinkSync('loop', join(folder, 'loop'));
        return join(folder, 'loop');
      },
      /FAILED_PRECONDITION: .*\/loop; Too many levels of symbolic links/,
    ],
    [
      'of other tags than asked for',
      (): string => VERSIONS,
      /due to error: NOT_FOUND: Could not find meta graph def matching supplied tags: \{ gpu \}/,
    ],
    [
      'a bucket',
      (): string => 's3://bucket/m',
      /INVALID_ARGUMENT: Base path of model m: File system scheme 's3' not implemented .*copy the files/,
    ],
  ] as const) {
    it(`ends the start at once, with what to do, where it is ${what}`, async () => {
      const tags = what.includes('tags') ? ['--saved_model_tags=gpu'] : [];
      const server = await starting(make(), ...tags);
      const { code, stdout } = await server.exit;
      assert.equal(code, 255);
      assert.match(stdout, /^Failed to start server\. Error: /);
      assert.match(stdout, text);
    });
  }

  it('is served from a URI of this machine, by flag, reload and configuration file', async () => {
    const file = join(folder, 'models.config');
    const config = `config { name: "m" base_path: "file://${VERSIONS}" model_platform: "tensorflow" }`;
    writeFileSync(file, `model_config_list { ${config} }`);
    const server = await ServerProcess.startWith(`--model_config_file=file://${file}`);
    const client = new GrpcClient(server.grpcAddress);
    await client.reload([{ name: 'n', base_path: `file://${VERSIONS}` }]);
    const body = '{"instances": [1.0]}';
    const reply = await fetch(`${server.restUrl}/v1/models/n:predict`, { method: 'POST', body });
    assert.deepEqual(await reply.json(), { predictions: [2] });
    await assert.rejects(client.reload([{ name: 'n', base_path: 'gs://bucket/n' }]), {
      code: StatusCode.INVALID_ARGUMENT,
      details: /^Base path of model n: File system scheme 'gs' not implemented/,
    });
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  it('waits for a base path that is missing, and says so when a signal ends the wait', async () => {
    const server = await starting(join(folder, 'later'));
    const missing = `NOT_FOUND: ${join(folder, 'later')}; No such file or directory`;
    await server.untilLogged(`for servable m with error ${missing}`);
    server.signal('SIGTERM');
    const { code, stderr } = await server.exit;
    assert.equal(code, 0);
    assert.ok(
      stderr.includes(
        `stopped before it served: The server stops before these served: m (${missing})`,
      ),
    );
  });

  it('says PERMISSION_DENIED and the path of what may not be read', async () => {
    cpSync(join(VERSIONS, '1'), join(folder, 'm', '1'), { recursive: true });
    const version = join(folder, 'm', '1');
    const notes = join(version, 'notes');
    const pb = join(version, 'saved_model.pb');
    mkdirSync(notes);
    const config = join(folder, 'models.config');
    writeFileSync(config, 'model_config_list {}');
    const model = ['--model_name=m', `--model_base_path=${join(folder, 'm')}`];
    for (const [path, flags] of [
      [notes, model],
      [version, model],
      [pb, model],
      [config, [`--model_config_file=${config}`]],
    ] as const) {
      const isFolder = path === notes || path === version;
      chmodSync(path, process.geteuid?.() === 0 ? 0o700 : 0);
      const { code, stdout } = await asNobody(folder, ['--max_num_load_retries=0', ...flags]);
      chmodSync(path, isFolder ? 0o755 : 0o644);
      assert.equal(code, 255);
      assert.ok(stdout.includes('PERMISSION_DENIED: '), stdout);
      assert.ok(stdout.includes(`${path}; Permission denied`), stdout);
    }
  });
});

/** Runs the command to its end as a user whom modes of files bind. */
async function asNobody(home: string, flags: readonly string[]): Promise<Exit> {
  if (process.geteuid?.() !== 0) return runToEnd(['--port=1', ...flags]);
  const child = spawn(process.execPath, [COMMAND, '--port=1', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: home },
    uid: NOBODY,
    gid: NOBODY,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}
