/** --platform_config_file and --tensorflow_session_config_file of a real server: they take effect, or end the start. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runToEnd, ServerProcess } from '../wire/server-process.js';

const MODEL = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));

describe('The platform config', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ServerProcess | null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-platform-'));
    server = null;
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  function write(text: string): string {
    const file = join(folder, 'config');
    writeFileSync(file, text);
    return file;
  }
  const platform = (bundle: string): string =>
    '--platform_config_file=' +
    write(`
      platform_configs {
        key: "tensorflow"
        value {
          source_adapter_config {
            [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] {
              legacy_config { ${bundle} }
            }
          }
        }
      }`);

  async function start(...flags: string[]): Promise<ServerProcess> {
    server = await ServerProcess.start('m', MODEL, '--max_num_load_retries=0', ...flags);
    return server;
  }
  async function answer({ restUrl }: ServerProcess, instances: number[]): Promise<unknown> {
    const url = `${restUrl}/v1/models/m:predict`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ instances }) });
    return response.json();
  }
  const failed = (...flags: string[]) =>
    runToEnd(['--port=1', `--model_base_path=${MODEL}`, '--max_num_load_retries=0', ...flags]);

  it('has threads, tags and batching as the file says', async () => {
    const running = await start(
      platform(`
        session_config { inter_op_parallelism_threads: 11 use_per_session_threads: true }
        saved_model_tags: "serve"
        batching_parameters { max_batch_size { value: 2 } num_batch_threads { value: 1 } }
        enable_model_warmup: true`),
    );
    assert.deepEqual(await answer(running, [2, 4]), { predictions: [3, 4] });
    assert.deepEqual(await answer(running, [2, 4, 6]), {
      error: 'Task size 3 is larger than maximum input batch size 2',
    });
  });

  it('loads the meta graph that the file names', async () => {
    const exit = await failed(platform('saved_model_tags: "gpu"'));
    assert.equal(exit.code, 255);
    assert.match(exit.stdout, /Could not find meta graph def matching supplied tags: \{ gpu \}/);
  });

  it('warns of flags that it replaces', async () => {
    const running = await start(platform('session_config {}'), '--enable_batching');
    assert.match(running.log, /--enable_batching beside --platform_config_file has no effect/);
    assert.deepEqual(await answer(running, [2]), { predictions: [3] });
  });

  it('takes session options from a file of their own', async () => {
    const file = write(
      'session_inter_op_thread_pool { num_threads: 3 global_name: "mine" } gpu_options { allow_growth: true }',
    );
    const running = await start(`--tensorflow_session_config_file=${file}`);
    assert.deepEqual(await answer(running, [2]), { predictions: [3] });
  });

  it('ends the start where a file is broken, missing or of no effect', async () => {
    const broken = write('this is no protobuf {');
    for (const [flag, message] of [
      [`--platform_config_file=${broken}`, `INVALID_ARGUMENT: Invalid protobuf file: '${broken}'`],
      ['--platform_config_file=/nowhere', 'NOT_FOUND: /nowhere; No such file or directory'],
      [
        `--tensorflow_session_config_file=${broken}`,
        `INVALID_ARGUMENT: Invalid protobuf file: '${broken}'`,
      ],
    ] as const) {
      const exit = await failed(flag);
      assert.equal(exit.code, 255);
      assert.equal(exit.stdout, `Failed to start server. Error: ${message}\n`);
    }
    const { stderr } = await failed(`--platform_config_file=${broken}`);
    assert.match(
      stderr,
      /^Error parsing text-format tensorflow\.serving\.PlatformConfigMap: 1:6: Message type "tensorflow\.serving\.PlatformConfigMap" has no field named "this"\.$/m,
    );
    const threads = write('intra_op_parallelism_threads: 1');
    const exit = await failed(`--tensorflow_session_config_file=${threads}`);
    assert.equal(exit.code, 255);
    assert.match(exit.stdout, /intra_op_parallelism_threads in .* has no effect/);
  });
});
