/** Custom ops in a server process: given by flag, shipped beside a version, left alone, refused. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildScaleOp } from './op-library.js';
import { freePort, runToEnd, ServerProcess } from '../wire/server-process.js';

const MODELS = fileURLToPath(new URL('../../../test/models', import.meta.url));
const MODEL = join(MODELS, 'custom_op/1');
const VERSIONS = join(MODELS, 'versions');
const ONCE = '--max_num_load_retries=0';
const ALLOWED = '--allow_model_op_libraries';

describe('Custom ops', function () {
  this.timeout(60_000);
  let folder: string;
  let twice: string;
  let thrice: string;
  let fatal: string;
  /** A model that ships no library. */
  let plain: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-ops-'));
    twice = join(folder, 'twice.so');
    thrice = join(folder, 'thrice.so');
    fatal = join(folder, 'fatal.so');
    buildScaleOp(twice, 2);
    buildScaleOp(thrice, 3);
    buildScaleOp(fatal, 2, 'FATAL');
    plain = join(folder, 'plain');
    addVersion(plain, 1);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** Puts a version in place in one go, as the server would find it half-copied otherwise. */
  function addVersion(base: string, version: number, library?: string, name = 'scale.so'): void {
    const whole = join(folder, 'whole');
    cpSync(MODEL, whole, { recursive: true });
    if (library !== undefined) {
      mkdirSync(join(whole, 'assets.extra'));
      copyFileSync(library, join(whole, 'assets.extra', name));
    }
    mkdirSync(base, { recursive: true });
    renameSync(whole, join(base, String(version)));
  }

  async function predict(server: ServerProcess): Promise<unknown> {
    const url = `${server.restUrl}/v1/models/m:predict`;
    const response = await fetch(url, { method: 'POST', body: '{"instances": [1.0, 5.0]}' });
    return ((await response.json()) as { predictions: unknown }).predictions;
  }

  /** The status of one version, once it has the state. */
  async function untilState(
    server: ServerProcess,
    version: number,
    state: string,
  ): Promise<{ error_code: string; error_message: string }> {
    for (;;) {
      const response = await fetch(`${server.restUrl}/v1/models/m`);
      const { model_version_status: versions } = (await response.json()) as {
        model_version_status: {
          version: string;
          state: string;
          status: { error_code: string; error_message: string };
        }[];
      };
      const found = versions.find((one) => one.version === String(version));
      if (found?.state === state) return found.status;
      await new Promise(setImmediate);
    }
  }

  it('come from --custom_op_libraries', async () => {
    const server = await ServerProcess.start('m', plain, `--custom_op_libraries=${twice}`);
    assert.deepEqual(await predict(server), [2, 10]);
    const exit = await server.stop();
    assert.equal(exit.code, 0);
    assert.ok(exit.stderr.includes(`op library ${twice} is loaded`));
  });

  it('may have no function for their shapes', async () => {
    const shapeless = join(folder, 'shapeless.so');
    buildScaleOp(shapeless, 2, 'NO_SHAPES');
    const server = await ServerProcess.start('m', plain, `--custom_op_libraries=${shapeless}`);
    assert.deepEqual(await predict(server), [2, 10]);
    assert.equal((await server.stop()).code, 0);
  });

  it('call TensorFlow where they have a copy of it inside, with I/O threads too', async () => {
    const copy = join(folder, 'copy.so');
    buildScaleOp(copy, 2, 'OWN_COPY');
    const shipping = join(folder, 'shipping');
    addVersion(shipping, 1, copy);
    for (const [base, ...flags] of [
      [plain, `--custom_op_libraries=${copy}`],
      [plain, `--custom_op_libraries=${copy}`, '--io_threads=2'],
      [shipping, ALLOWED],
    ] as const) {
      const server = await ServerProcess.start('m', base, ONCE, ...flags);
      assert.deepEqual(await predict(server), [2, 10], flags.join(' '));
      assert.equal((await server.stop()).code, 0);
    }
  });

  it('that cannot be loaded refuse the start, with the file and the reason', async () => {
    const broken = join(folder, 'broken.so');
    writeFileSync(broken, 'no library');
    const missing = join(folder, 'missing.so');
    const fifo = join(folder, 'fifo.so');
    execFileSync('mkfifo', [fifo]);
    const other = join(folder, 'other-tensorflow.so');
    buildScaleOp(other, 2, 'OTHER_TENSORFLOW');
    for (const [path, code, why] of [
      [broken, 'INVALID_ARGUMENT', 'it is no shared library (no ELF header)'],
      [missing, 'NOT_FOUND', 'no such file'],
      [fifo, 'INVALID_ARGUMENT', 'it is no regular file'],
      [
        other,
        'FAILED_PRECONDITION',
        "it was built for another TensorFlow than the server's 2.21.0: " +
          'that has no tensorflow::FunctionOfAnotherVersion(int)',
      ],
    ] as const) {
      const { code: exitCode, stdout } = await runToEnd([
        `--port=${await freePort()}`,
        '--model_name=m',
        `--model_base_path=${plain}`,
        `--custom_op_libraries=${twice},${path}`,
      ]);
      assert.equal(exitCode, 255);
      assert.equal(
        stdout,
        `Failed to start server. Error: ${code}: cannot load op library ${path}: ${why}\n`,
      );
    }
  });

  it('beside a version are left alone without --allow_model_op_libraries', async () => {
    const base = join(folder, 'untrusted');
    cpSync(VERSIONS, base, { recursive: true });
    const server = await ServerProcess.start(
      'm',
      base,
      '--max_num_load_retries=2',
      '--load_retry_interval_micros=0',
    );
    addVersion(base, 3, twice);
    const failed = await untilState(server, 3, 'END');
    assert.equal(failed.error_code, 'NOT_FOUND');
    assert.equal(
      failed.error_message,
      "Op type not registered 'TensorgateTestScale': neither TensorFlow 2.21.0 nor a loaded op library has it; " +
        'give the library that has it with --custom_op_libraries=FILE.so',
    );
    const { code, stderr } = await server.stop();
    assert.equal(code, 0);
    const told = /assets\.extra\/scale\.so not loaded: --allow_model_op_libraries is off/g;
    assert.equal(stderr.match(told)?.length, 1, 'once, though three loads were tried');
  });

  it('beside a version are tried, then loaded before it, once for each content', async () => {
    const base = join(folder, 'trusted');
    addVersion(base, 1, twice);
    const server = await ServerProcess.start('m', base, ALLOWED, ONCE);
    assert.deepEqual(await predict(server), [2, 10]);

    addVersion(base, 2, twice); // a copy: TensorFlow would find two kernels for the op
    await untilState(server, 1, 'END');
    assert.deepEqual(await predict(server), [2, 10]);

    addVersion(base, 3, thrice); // another build under the same name
    const replaced = await untilState(server, 3, 'END');
    assert.equal(replaced.error_code, 'FAILED_PRECONDITION');
    assert.match(replaced.error_message, /3\/assets\.extra\/scale\.so differs from the one loaded/);
    assert.deepEqual(await predict(server), [2, 10]);

    addVersion(base, 4, thrice, 'other.so'); // another library with the same op
    const again = await untilState(server, 4, 'END');
    assert.equal(again.error_code, 'ALREADY_EXISTS');
    assert.match(again.error_message, /registered already, for: TensorgateTestScale;/);
    assert.deepEqual(await predict(server), [2, 10], 'version 2 goes on');

    addVersion(base, 5, fatal, 'fatal.so'); // a library whose initialisers abort
    const aborted = await untilState(server, 5, 'END');
    assert.deepEqual(aborted, {
      error_code: 'FAILED_PRECONDITION',
      error_message:
        `op library ${base}/5/assets.extra/fatal.so is not loaded: ` +
        'a process that tried it ended with SIGABRT',
    });
    addVersion(base, 6, twice); // and none of that is left in this process
    await untilState(server, 6, 'AVAILABLE');
    assert.deepEqual(await predict(server), [2, 10]);
    assert.equal((await server.stop()).code, 0);
  });
});
