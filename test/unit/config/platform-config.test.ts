/** --platform_config_file and --tensorflow_session_config_file: what is taken from them, and what is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Flags } from '../../../src/config/flag-table.js';
import { parseFlags } from '../../../src/config/flags.js';
import { readPlatformConfig, type PlatformConfig } from '../../../src/config/platform-config.js';
import { loadProtos } from '../../../src/protos/protos.js';
import { sessionConfig } from '../../../src/servables/session-config.js';
import { ServingError } from '../../../src/status/serving-error.js';

const CPUS = 6;
const ADAPTER = 'type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig';

const configProto = loadProtos(['tensorflow/core/protobuf/config.proto']).lookupType(
  'tensorflow.ConfigProto',
);

function flagsOf(...args: readonly string[]): Flags {
  const parsed = parseFlags(['--model_base_path=/m', ...args], CPUS);
  assert.ok(parsed.kind === 'run');
  return parsed.flags;
}

/** What sessions get, with what the server adds. */
function sessionOf({ flags, session }: PlatformConfig): unknown {
  const { configProto: bytes } = sessionConfig(flags, session, CPUS);
  return configProto.toObject(configProto.decode(bytes), { longs: Number, enums: String });
}

describe('readPlatformConfig', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-platform-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function fileOf(text: string): string {
    const file = join(folder, 'config');
    writeFileSync(file, text);
    return file;
  }
  const platform = (bundle: string, ...args: string[]): Promise<PlatformConfig> =>
    inAny(`[${ADAPTER}] { legacy_config { ${bundle} } }`, ...args);
  const inAny = (any: string, ...args: string[]): Promise<PlatformConfig> => {
    const entry = `key: "tensorflow" value { source_adapter_config { ${any} } }`;
    const file = fileOf(`platform_configs { ${entry} }`);
    return readPlatformConfig(flagsOf(`--platform_config_file=${file}`, ...args), CPUS);
  };
  const session = (text: string, ...args: string[]): Promise<PlatformConfig> =>
    readPlatformConfig(flagsOf(`--tensorflow_session_config_file=${fileOf(text)}`, ...args), CPUS);

  async function refusal(config: Promise<unknown>): Promise<string> {
    try {
      await config;
    } catch (error) {
      assert.ok(error instanceof ServingError);
      return error.toString().replaceAll(folder, '');
    }
    throw new Error('this was taken');
  }

  it('leaves the flags alone where there is no file', async () => {
    const flags = flagsOf('--enable_batching');
    const config = await readPlatformConfig(flags, CPUS);
    assert.equal(config.flags, flags);
    assert.deepEqual(sessionOf(config), {
      intra_op_parallelism_threads: CPUS,
      inter_op_parallelism_threads: CPUS,
      allow_soft_placement: true,
    });
  });

  it('takes threads, options, tags, batching and warm-up from a platform config', async () => {
    const config = await platform(`
      session_config {
        intra_op_parallelism_threads: 2
        inter_op_parallelism_threads: 3
        gpu_options { allow_growth: true per_process_gpu_memory_fraction: 0.5 }
        device_count { key: "GPU" value: 0 }
        graph_options { optimizer_options { global_jit_level: ON_1 } }
      }
      batching_parameters { max_batch_size { value: 8 } allowed_batch_sizes: [4, 8] }
      saved_model_tags: "serve"
      saved_model_tags: "tpu"
      enable_model_warmup: true
      model_warmup_options { num_request_iterations { value: 5 } }
      enable_per_model_batching_params: true`);
    assert.deepEqual(sessionOf(config), {
      intra_op_parallelism_threads: 2,
      inter_op_parallelism_threads: 3,
      gpu_options: { allow_growth: true, per_process_gpu_memory_fraction: 0.5 },
      device_count: { GPU: 0 },
      graph_options: { optimizer_options: { global_jit_level: 'ON_1' } },
      allow_soft_placement: true,
    });
    assert.equal(sessionConfig(config.flags, config.session, CPUS).runInCallerThread, false);
    const { flags } = config;
    assert.deepEqual(
      [
        flags.enable_batching,
        flags.enable_per_model_batching_parameters,
        flags.saved_model_tags,
        flags.enable_model_warmup,
        flags.num_request_iterations_for_warmup,
      ],
      [true, true, 'serve,tpu', true, 5],
    );
    assert.deepEqual(config.batchingParameters, {
      max_batch_size: { value: 8n },
      allowed_batch_sizes: [4n, 8n],
    });
    assert.deepEqual(config.withoutEffect, []);
  });

  it('replaces the flags of the platform by its defaults, as upstream, and says so', async () => {
    const { flags, withoutEffect } = await platform(
      'session_config { }',
      '--enable_batching',
      '--tensorflow_intra_op_parallelism=4',
      '--saved_model_tags=other',
    );
    assert.deepEqual(
      [flags.enable_batching, flags.saved_model_tags, flags.enable_model_warmup],
      [false, '', false],
    );
    assert.equal(flags.tensorflow_intra_op_parallelism, 0);
    assert.deepEqual(withoutEffect, [
      '--enable_batching beside --platform_config_file',
      '--tensorflow_intra_op_parallelism beside --platform_config_file',
      '--saved_model_tags beside --platform_config_file',
    ]);
  });

  it('reads the older form, and an Any that is not written out', async () => {
    const older = await inAny(
      '[type.googleapis.com/tensorflow.serving.SessionBundleSourceAdapterConfig] { ' +
        'config { saved_model_tags: "a" } }',
    );
    assert.equal(older.flags.saved_model_tags, 'a');
    // legacy_config (1000) { saved_model_tags (6): "b" }
    const bytes = await inAny(`type_url: "${ADAPTER}" value: "\\302>\\0032\\001b"`);
    assert.equal(bytes.flags.saved_model_tags, 'b');
  });

  it('refuses by name what would change what is served', async () => {
    for (const [field, text] of [
      ['session_target', 'session_target: "grpc://x"'],
      ['in_graph_batching_parameters', 'in_graph_batching_parameters { }'],
      ['session_run_load_threadpool_index', 'session_run_load_threadpool_index { value: 1 }'],
      ['experimental_fixed_input_tensors', 'experimental_fixed_input_tensors { name: "x" }'],
      ['prefer_tflite_model', 'prefer_tflite_model: true'],
      ['enable_saved_model_config', 'enable_saved_model_config: true'],
      ['mixed_precision', 'mixed_precision: "bfloat16"'],
    ] as const) {
      assert.equal(
        await refusal(platform(text)),
        `INVALID_ARGUMENT: Invalid platform config file: '/config': ${field} is not supported`,
      );
    }
  });

  it('names what changes nothing', async () => {
    const { withoutEffect } = await platform(
      'enable_session_metadata: true model_warmup_options { num_model_warmup_threads { value: 4 } }',
    );
    assert.deepEqual(
      withoutEffect.map((each) => each.replace(folder, '')),
      [
        'enable_session_metadata in /config',
        'model_warmup_options.num_model_warmup_threads in /config',
      ],
    );
  });

  it('refuses a file without the platform, with another, or with another type', async () => {
    const of = (text: string): Promise<string> =>
      refusal(readPlatformConfig(flagsOf(`--platform_config_file=${fileOf(text)}`), CPUS));
    assert.match(await of('# nothing\n'), /it has no entry for platform "tensorflow"$/);
    assert.match(await of('platform_configs { key: "x" }'), /platform "x" is not supported$/);
    assert.match(
      await refusal(inAny('[type.googleapis.com/tensorflow.ConfigProto] { }')),
      /has the type "type.googleapis.com\/tensorflow.ConfigProto", expected type.googleapis.com/,
    );
    assert.match(
      await refusal(inAny(`type_url: "${ADAPTER}" value: "\\377"`)),
      /value is no tensorflow.serving.SavedModelBundleSourceAdapterConfig$/,
    );
  });

  it('refuses files that are broken or missing, as upstream', async () => {
    const broken = fileOf('this is no protobuf {');
    for (const flag of ['platform_config_file', 'tensorflow_session_config_file']) {
      const of = (file: string): Promise<string> =>
        refusal(readPlatformConfig(flagsOf(`--${flag}=${file}`), CPUS));
      assert.equal(await of(broken), "INVALID_ARGUMENT: Invalid protobuf file: '/config'");
      assert.equal(await of('/nowhere'), 'NOT_FOUND: /nowhere; No such file or directory');
    }
  });

  it('takes session options from a file of their own', async () => {
    const config = await session(
      'gpu_options { allow_growth: true } session_inter_op_thread_pool { num_threads: 2 }',
    );
    assert.deepEqual(sessionOf(config), {
      gpu_options: { allow_growth: true },
      session_inter_op_thread_pool: [{ num_threads: 2 }],
      intra_op_parallelism_threads: CPUS,
      inter_op_parallelism_threads: CPUS,
      allow_soft_placement: true,
    });
    assert.equal(sessionConfig(config.flags, config.session, CPUS).runInCallerThread, false);
  });

  it('refuses there what the flags override, unless they are given', async () => {
    assert.match(
      await refusal(session('intra_op_parallelism_threads: 1')),
      /^INVALID_ARGUMENT: intra_op_parallelism_threads in \/config has no effect: --tensorflow_intra_op_parallelism overrides it/,
    );
    assert.match(
      await refusal(session('gpu_options { per_process_gpu_memory_fraction: 0.5 }')),
      /^INVALID_ARGUMENT: gpu_options.per_process_gpu_memory_fraction in \/config has no effect/,
    );
    const config = await session(
      'intra_op_parallelism_threads: 1 inter_op_parallelism_threads: 7 gpu_options { per_process_gpu_memory_fraction: 0.5 allow_growth: true }',
      '--tensorflow_session_parallelism=2',
      '--per_process_gpu_memory_fraction=0.25',
    );
    assert.deepEqual(sessionOf(config), {
      gpu_options: { per_process_gpu_memory_fraction: 0.25, allow_growth: true },
      intra_op_parallelism_threads: 2,
      inter_op_parallelism_threads: 2,
      allow_soft_placement: true,
    });
  });
});
