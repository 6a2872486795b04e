/** What --validate_config finds, each kind of flag and file in turn. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readCommandLine } from '../../../src/config/flags.js';
import '../../../src/platforms.js';
import { FILE_CHECKS } from '../../../src/validation/file-checks.js';
import { findingText } from '../../../src/validation/finding.js';
import { validate } from '../../../src/validation/validate.js';
import { Authority, opensslMissing, pemField } from '../../wire/certificates.js';

const MODEL = fileURLToPath(new URL('../../../../test/models/versions', import.meta.url));
const CPUS = 2;

describe('validate', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-validate-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  /** The lines of what is found, without the folder. */
  async function found(...argv: string[]): Promise<string[]> {
    const line = readCommandLine(argv, CPUS);
    const findings = await validate(line, { cpus: CPUS, env: {}, hasModels: false });
    return findings.map((finding) => findingText(finding).replaceAll(`${folder}/`, ''));
  }
  const serving = (...argv: string[]): Promise<string[]> =>
    found(`--model_base_path=${MODEL}`, ...argv);

  it('finds nothing wrong with what can be served', async () => {
    assert.deepEqual(await serving(), []);
  });

  it('says which base path leads outside of --model_roots', async () => {
    assert.deepEqual(await serving(`--model_roots=${MODEL}`), []);
    assert.match(
      (await serving(`--model_roots=${folder}`)).join('\n'),
      /leads outside of --model_roots/,
    );
    assert.match((await serving('--model_roots=models')).join('\n'), /must be absolute paths/);
  });

  it('says all that is wrong with the flags', async () => {
    const lines = await found(
      '--port=abc',
      '--prot=8500',
      'loose',
      '--io_threads=0',
      '--run_queue_capacity=0',
      '--grpc_channel_arguments=a,grpc.b=1',
      '--sticky_header=a b',
      '--ops=nope',
      `--custom_op_libraries=${folder}/gone.so`,
      '--grpc_host=host.invalid',
      '--num_tflite_pools=3',
      '--batching_parameters_file=',
      '--tensorflow_session_parallelism=1',
      '--tensorflow_intra_op_parallelism=1',
      '--tensorflow_inter_op_parallelism=1',
    );
    const expected = [
      /^error: flags: Couldn't interpret value abc for flag port\.$/,
      /^warning: flags: unknown argument: --prot=8500$/,
      /^warning: flags: unknown argument: loose$/,
      /^error: flags: --run_queue_capacity must be at least 1, got 0$/,
      /^error: flags: --io_threads must be at least 1, got 0$/,
      /^error: flags: --grpc_channel_arguments takes key=value entries, got a$/,
      /^warning: flags: --num_tflite_pools is accepted but has no effect yet$/,
      /^error: flags: Both server_options.model_base_path and server_options.model_config_file are/,
      /^warning: --grpc_channel_arguments: grpc.b=1 has no effect$/,
      /^error: flags: --sticky_header=a b is not the name of a header/,
      /^error: flags: --ops names ops that are not known: nope/,
      /^error: --custom_op_libraries: gone.so; No such file or directory$/,
      /^error: flags: --grpc_host: host.invalid: /,
      /^error: flags: Either configure server_options.tensorflow_session_parallelism or /,
    ];
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [i, pattern] of expected.entries()) assert.match(lines[i] ?? '', pattern);
  });

  it('says where nothing can listen', async () => {
    const long = `/tmp/${'x'.repeat(200)}`;
    const sockets = [`--grpc_socket_path=${folder}/gone/x`, `--rest_api_socket_path=${long}`];
    const lines = await serving('--port=65536', '--rest_api_port=-1', ...sockets);
    assert.deepEqual(lines, [
      'error: flags: --port must be from 0 to 65535, got 65536',
      'error: flags: --rest_api_port must be from 0 to 65535, got -1',
      'error: --grpc_socket_path: gone; No such file or directory',
      `error: --rest_api_socket_path: the path of a Unix socket has at most 107 bytes, ${long} has 205`,
    ]);
    assert.deepEqual(await serving('--port=0', `--grpc_socket_path=${folder}/x`), []);
  });

  it('says that REST would be off, or not have a page', async () => {
    const monitoring = file('monitoring.config', 'prometheus_config { enable: true }');
    assert.deepEqual(await serving('--port=8500', '--rest_api_port=8500'), [
      'error: --rest_api_port: rest_api_port and port must differ: REST is off',
    ]);
    assert.deepEqual(await serving(`--monitoring_config_file=${monitoring}`), [
      'warning: --monitoring_config_file: there is no page of metrics without REST',
    ]);
  });

  it('names the place in each file that cannot be read', async () => {
    const broken = file('broken', '\n  what: 1');
    const flags = [...FILE_CHECKS.map(({ flag }) => flag), 'model_config_file' as const];
    for (const flag of flags) {
      const argv = [`--${flag}=${broken}`, '--rest_api_port=1', '--enable_batching'];
      const lines = await serving(...argv);
      const wrong = lines.filter((line) => line.startsWith('error'));
      assert.equal(wrong.length, 1, `${flag}: ${lines.join('\n')}`);
      assert.match(wrong[0] ?? '', /^error: broken:2:\d+: what: .*no field named "what"/, flag);
      const gone = await serving(`--${flag}=${folder}/gone`, '--rest_api_port=1', argv[2] ?? '');
      assert.deepEqual(
        gone.filter((line) => line.startsWith('error')),
        [`error: --${flag}: gone; No such file or directory`],
      );
    }
  });

  it('says all that is wrong with a list of models', async () => {
    const entry = (text: string): string => `config { ${text} }\n`;
    const tensorflow = 'model_platform: "tensorflow"';
    const list = file(
      'models.config',
      `model_config_list { ${[
        `name: "a" base_path: "${MODEL}" ${tensorflow} version_labels { key: "x" value: 1 }`,
        `name: "a" base_path: "s3://bucket/a" model_platform: "paddle" batching_weight: -1`,
        `name: "b" base_path: "b" ${tensorflow} shadow { version: 1 share: 2 } response_cache { max_bytes: -1 }`,
        `name: "c" base_path: "${MODEL}" ${tensorflow} logging_config {}`,
      ]
        .map(entry)
        .join('')} }`,
    );
    const lines = await found(`--model_config_file=${list}`);
    const expected = [
      /Illegal to list model a multiple times in config list$/,
      /Base path of model a: File system scheme 's3' not implemented/,
      /Expected model b to have an absolute path or URI; got base_path\(\)=b$/,
      /Model a requests unsupported platform paddle$/,
      /The batching_weight of model a must not be below 0, got -1$/,
      /Shadow share of model b is 2, not 0 to 1$/,
      /The response_cache of model b: max_bytes must be from 0 to 9007199254740991, got -1$/,
      /Request to assign label to version 1 of model a, which is not currently available/,
      /No request-logger-creator provided\.$/,
    ];
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [i, pattern] of expected.entries()) {
      assert.match(lines[i] ?? '', /^error: models.config: /);
      assert.match(lines[i] ?? '', pattern);
    }
    const allowed = '--allow_version_labels_for_unavailable_models';
    assert.equal((await found(`--model_config_file=${list}`, allowed)).length, 8);
    const custom = file('custom.config', 'custom_model_config { type_url: "x" }');
    assert.match((await found(`--model_config_file=${custom}`)).join(), /not supported/);
  });

  it('warns of base paths without versions, and refuses what waiting cannot mend', async () => {
    const entry = (name: string): string =>
      `config { name: "${name}" base_path: "${join(folder, name)}" model_platform: "tensorflow" }`;
    const names = ['gone', 'empty', 'bare', 'lite', 'hollow', 'good'];
    for (const path of ['empty', 'bare', 'lite/1', 'hollow/1']) {
      mkdirSync(join(folder, path), { recursive: true });
    }
    writeFileSync(join(folder, 'bare', 'saved_model.pb'), '');
    writeFileSync(join(folder, 'lite', '1', 'm.tflite'), '');
    cpSync(MODEL, join(folder, 'good'), { recursive: true });
    const list = file('models.config', `model_config_list { ${names.map(entry).join('\n')} }`);
    const lines = await found(`--model_config_file=${list}`);
    const expected = [
      /^warning: model gone: gone; No such file or directory$/,
      /^warning: model empty: No versions of servable empty found under base path /,
      /^error: model bare: .* is itself a SavedModel/,
      /^error: model lite: .* It holds a TFLite model/,
      /^warning: model hollow: Specified file path does not appear to contain a SavedModel/,
    ];
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [i, pattern] of expected.entries()) assert.match(lines[i] ?? '', pattern);
  });

  it('says all that is wrong with batching parameters, of the server and of a version', async () => {
    const text = 'max_batch_size { value: 0 } num_batch_threads { value: -1 }';
    const parameters = file('batching.config', text);
    const flag = `--batching_parameters_file=${parameters}`;
    const expected = [
      'error: batching.config: num_batch_threads must be positive; was -1',
      'error: batching.config: input_batch_size_limit must be positive; was 0',
    ];
    assert.deepEqual(await serving(flag, '--enable_batching'), expected);
    assert.match((await serving(flag))[0] ?? '', /^error: flags: .*without setting/);
    cpSync(MODEL, join(folder, 'm'), { recursive: true });
    file('m/2/batching_params.pbtxt', 'max_batch_size { value: 0 }');
    const own = ['--enable_batching', '--enable_per_model_batching_parameters'];
    const lines = await found(`--model_base_path=${join(folder, 'm')}`, ...own);
    assert.deepEqual(lines, [
      'error: model default: m/2: input_batch_size_limit must be positive; was 0',
    ]);
  });

  it('says all that is wrong with who may ask, and with the keys of issuers', async () => {
    const text = 'principal { name: "a" api_key_sha256: "x" } model_limit { }';
    const lines = await serving(`--auth_config_file=${file('auth.config', text)}`);
    for (const place of ['principal[0].api_key_sha256[0]', 'model_limit[0].model']) {
      assert.ok(
        lines.some((line) => line.includes(`auth.config: ${place}`)),
        lines.join('\n'),
      );
    }
    const issuer = `issuer: "i" audience: "a" algorithm: "ES256" jwks_file: "${join(folder, 'none')}"`;
    const other = file('admin.config', `jwt_issuer { ${issuer} }`);
    assert.match(
      (await serving(`--admin_auth_config_file=${other}`)).join('\n'),
      /none: expected the keys of "i" in JSON: ENOENT/,
    );
  });

  it('checks keys and certificates', async function () {
    const missing = opensslMissing();
    if (missing !== null) {
      Object.assign(this.test ?? {}, { skipReason: missing });
      this.skip();
    }
    const ca = new Authority(folder, 'ca');
    const [server, other] = [ca.issue('server'), ca.issue('other')];
    const with_ = (key: string, cert: string, more = ''): Promise<string[]> => {
      const text = pemField('server_key', key) + pemField('server_cert', cert) + more;
      return serving(`--ssl_config_file=${file('ssl.config', text)}`);
    };
    assert.deepEqual(await with_(server.key, server.cert), []);
    const [mismatch, ...none] = await with_(other.key, server.cert);
    assert.match(mismatch ?? '', /^error: ssl.config: server_key: not the key of server_cert/);
    assert.deepEqual(none, []);
    const lines = await with_('x', 'y', 'client_verify: true');
    assert.deepEqual(
      lines.map((line) => line.split(': ').slice(0, 3).join(': ')),
      [
        'error: ssl.config: server_key',
        'error: ssl.config: server_cert',
        'error: ssl.config: custom_ca',
      ],
    );
  });

  it('says all that a platform config cannot have', async () => {
    const config = file(
      'session.config',
      'intra_op_parallelism_threads: 1 gpu_options { per_process_gpu_memory_fraction: 0.5 }',
    );
    const lines = await serving(`--tensorflow_session_config_file=${config}`);
    assert.equal(lines.length, 2, lines.join('\n'));
    assert.match(lines[0] ?? '', /: intra_op_parallelism_threads in session.config has no effect/);
    assert.match(lines[1] ?? '', /: gpu_options.per_process_gpu_memory_fraction in session.config/);
  });
});
