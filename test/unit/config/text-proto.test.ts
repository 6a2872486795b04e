/** Text format files: the grammar upstream takes, upstream's errors, and where a text is wrong. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TextFormatError } from '../../../src/config/text-format/error.js';
import { parseTextFormat } from '../../../src/config/text-format/parser.js';
import { parseTextProto, readTextProtoFile } from '../../../src/config/text-proto.js';
import { loadProtos } from '../../../src/protos/protos.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { asNobody } from '../sources/as-nobody.js';
import { PROTOC_SAYS } from './protoc-says.js';

const root = loadProtos([
  'tensorflow_serving/config/model_server_config.proto',
  'tensorflow_serving/config/platform_config.proto',
  'tensorflow_serving/config/ssl_config.proto',
  'tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter.proto',
]);
const type = (name: string) => root.lookupType(`tensorflow.serving.${name}`);

function parsed(text: string, message = 'ModelServerConfig'): Record<string, unknown> {
  return parseTextProto(type(message), Buffer.from(text), 'models.config');
}

/** `field: description` of each violation. */
function wrong(text: string, message = 'ModelServerConfig'): string {
  try {
    parsed(text, message);
  } catch (error) {
    assert.ok(error instanceof ServingError);
    assert.equal(error.toString(), "INVALID_ARGUMENT: Invalid protobuf file: 'models.config'");
    return error.violations.map(({ field, description }) => `${field}: ${description}`).join('\n');
  }
  throw new Error('this text was taken');
}

describe('parseTextProto', () => {
  it('reads a model config', () => {
    const text = `
      # two models
      model_config_list: {
        config {
          name: "a" base_path: '/models/' "a",  # adjacent strings are one
          model_platform: "tensorflow";
          model_version_policy { specific { versions: 42, versions: 0x2b } }
          version_labels { key: "stable" value: 42 }
          version_labels: { key: 'canary', value: -9223372036854775808; }
        }
        config < name: "b\\x41\\102\\n" model_type: TENSORFLOW model_version_policy: { all: <> } >
      }`;
    assert.deepEqual(parsed(text), {
      model_config_list: {
        config: [
          {
            name: 'a',
            base_path: '/models/a',
            model_platform: 'tensorflow',
            model_version_policy: { specific: { versions: [42n, 43n] } },
            version_labels: { stable: 42n, canary: -(2n ** 63n) },
          },
          { name: 'bAB\n', model_type: 'TENSORFLOW', model_version_policy: { all: {} } },
        ],
      },
    });
  });

  it('reads lists of scalars, messages and map entries', () => {
    const text = `model_config_list { config: [
      { name: "a" model_version_policy { specific { versions: [1, 2,3] } } },
      { name: "b" version_labels: [{ key: "x" value: 1 }, { key: "y" }] }, {}
    ] }`;
    assert.deepEqual(parsed(text), {
      model_config_list: {
        config: [
          { name: 'a', model_version_policy: { specific: { versions: [1n, 2n, 3n] } } },
          { name: 'b', version_labels: { x: 1n, y: 0n } },
          {},
        ],
      },
    });
  });

  it('reads wrappers, as the batching parameters are', () => {
    const text =
      'max_batch_size { value: 128 } batch_timeout_micros: <value: 0> pad_variable_length_inputs: true allowed_batch_sizes: 1 allowed_batch_sizes: 128 thread_pool_name { value: "p" }';
    assert.deepEqual(parsed(text, 'BatchingParameters'), {
      max_batch_size: { value: 128n },
      batch_timeout_micros: { value: 0n },
      pad_variable_length_inputs: true,
      allowed_batch_sizes: [1n, 128n],
      thread_pool_name: { value: 'p' },
    });
  });

  it('reads floats, booleans and enum numbers', () => {
    const text =
      'model_config_list { config { model_type: 7 logging_config { sampling_config { sampling_rate: 1e-1f } } } }';
    const config = [{ model_type: 7, logging_config: { sampling_config: { sampling_rate: 0.1 } } }];
    assert.deepEqual(parsed(text), { model_config_list: { config } });
    for (const [word, value] of [
      ['true', true],
      ['t', true],
      ['0', false],
      ['False', false],
    ] as const) {
      assert.deepEqual(parsed(`client_verify: ${word}`, 'SSLConfig'), { client_verify: value });
    }
  });

  it('reads an Any written out, as bytes', () => {
    const text = `platform_configs { key: "tensorflow" value { source_adapter_config {
      [type.googleapis.com/tensorflow.serving.SSLConfig] { server_key: "k" } } } }`;
    assert.deepEqual(parsed(text, 'PlatformConfigMap'), {
      platform_configs: {
        tensorflow: {
          source_adapter_config: {
            type_url: 'type.googleapis.com/tensorflow.serving.SSLConfig',
            value: Buffer.from('\n\x01k'),
          },
        },
      },
    });
  });

  it('takes comments alone, a byte order mark and an empty message', () => {
    assert.deepEqual(parsed('# nothing\n'), {});
    assert.deepEqual(parsed('\ufeffmodel_config_list {}'), { model_config_list: {} });
  });

  it('names line, column and path of an unknown field', () => {
    const text = `model_config_list {
  config { name: "a" base_path: "/a" }
  config {
    name: "b" # base_path: {
    base_pth: "/b"
    model_platform: "tensorflow"
  }
}
`;
    assert.equal(
      wrong(text),
      'models.config:5:13: model_config_list.config[1].base_pth: Message type "tensorflow.serving.ModelConfig" has no field named "base_pth". Expected one of: name, base_path, model_type, model_platform, logging_config, model_version_policy, version_labels, file_system_poll_wait_seconds, version_label_weights, shadow, resource_preserving, batching_weight, assume_independent_rows, response_cache, hooks',
    );
  });

  it('names the path in deep nesting', () => {
    const text = `model_config_list { config: [ { name: "a" },
      { name: "}" model_version_policy { specific { versions: [1, 2,
        three] } } } ] }`;
    assert.equal(
      wrong(text),
      'models.config:3:9: model_config_list.config[1].model_version_policy.specific.versions[2]: Expected integer, got: three',
    );
  });

  it('names the path inside an Any', () => {
    assert.equal(
      wrong(
        'custom_model_config {\n [type.googleapis.com/tensorflow.serving.SSLConfig] { x: 1 } }',
      ),
      'models.config:2:56: custom_model_config.[type.googleapis.com/tensorflow.serving.SSLConfig].x: Message type "tensorflow.serving.SSLConfig" has no field named "x". Expected one of: server_key, server_cert, custom_ca, client_verify',
    );
  });

  it('lists all that protobuf finds', () => {
    assert.equal(
      wrong('model_config_list { config { name: "a\\q" } } }'),
      'models.config:1:39: model_config_list.config[0].name: Invalid escape sequence in string literal.\n' +
        'models.config:1:46: Expected identifier, got: }',
    );
  });

  it('refuses a string that is no UTF-8', () => {
    assert.equal(
      wrong('server_key: "\\xff" server_cert: ""', 'SSLConfig'),
      'models.config:1:20: server_key: String field "server_key" contains invalid UTF-8 data.',
    );
  });

  it('refuses nesting without end', () => {
    const any = '[type.googleapis.com/google.protobuf.Any] { ';
    assert.match(wrong(`custom_model_config { ${any.repeat(100_000)}`), /Message is too deep/);
  });

  it('shows no string of a message with a key', () => {
    for (const text of [
      'server_key "secret"',
      'client_verify: "secret"',
      'server_key: "secret\\q"',
    ]) {
      const said = wrong(text, 'SSLConfig');
      assert.doesNotMatch(said, /secret/);
    }
    const text =
      'custom_model_config { [type.googleapis.com/tensorflow.serving.SSLConfig] { server_key "secret" } }';
    assert.doesNotMatch(wrong(text), /secret/);
  });

  it('does not take the name of a property of every object for a field', () => {
    assert.match(wrong('constructor: 1'), /has no field named "constructor"/);
    const labels = 'version_labels { key: "__proto__" value: 1 }';
    const text = `model_config_list { config { ${labels} } }`;
    const { model_config_list: list } = parsed(text) as {
      model_config_list: { config: { version_labels: object }[] };
    };
    assert.deepEqual(Object.keys(list.config[0]?.version_labels ?? {}), ['__proto__']);
  });
});

describe('parseTextFormat', () => {
  for (const [name, text, ...lines] of PROTOC_SAYS) {
    it(`says what protoc says of ${JSON.stringify(text).slice(0, 70)}`, () => {
      let said = '';
      try {
        parseTextFormat(type(name), Buffer.from(text, 'latin1'));
      } catch (error) {
        assert.ok(error instanceof TextFormatError);
        said = error.message;
      }
      const prefix = `Error parsing text-format tensorflow.serving.${name}: `;
      assert.equal(said, lines.map((line) => prefix + line).join('\n'));
    });
  }
});

describe('readTextProtoFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-text-proto-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function refusal(file: string): Promise<ServingError> {
    try {
      await readTextProtoFile(type('SSLConfig'), file);
    } catch (error) {
      assert.ok(error instanceof ServingError);
      assert.equal(error.violations.length, 1);
      assert.ok(error.violations[0]?.field.startsWith(file));
      return error;
    }
    throw new Error('this file was taken');
  }

  it('reads a file', async () => {
    const file = join(folder, 'ssl');
    writeFileSync(file, 'server_key: "k"');
    assert.deepEqual(await readTextProtoFile(type('SSLConfig'), file), { server_key: 'k' });
    const uri = `file://${file}`;
    assert.deepEqual(await readTextProtoFile(type('SSLConfig'), uri), { server_key: 'k' });
  });

  it('refuses as upstream what cannot be read', async () => {
    const missing = join(folder, 'missing');
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    const broken = join(folder, 'broken');
    writeFileSync(broken, 'x');
    const loop = join(folder, 'loop');
    symlinkSync('loop', loop);
    for (const [file, code, message] of [
      [missing, StatusCode.NOT_FOUND, `${missing}; No such file or directory`],
      [folder, StatusCode.NOT_FOUND, `${folder}; No such device`],
      [join(empty, 'x'), StatusCode.FAILED_PRECONDITION, `${empty}/x; Not a directory`],
      [loop, StatusCode.FAILED_PRECONDITION, `${loop}; Too many levels of symbolic links`],
      [empty, StatusCode.INVALID_ARGUMENT, `${empty}; Invalid argument`],
      [broken, StatusCode.INVALID_ARGUMENT, `Invalid protobuf file: '${broken}'`],
    ] as const) {
      const error = await refusal(file);
      assert.deepEqual([error.code, error.message], [code, message]);
    }
  });

  it('says PERMISSION_DENIED of a file that may not be read', async () => {
    const file = join(folder, 'private');
    writeFileSync(file, 'server_key: "k"');
    chmodSync(folder, 0o755);
    chmodSync(file, process.geteuid?.() === 0 ? 0o600 : 0);
    await asNobody(async () => {
      assert.equal(String(await refusal(file)), `PERMISSION_DENIED: ${file}; Permission denied`);
    });
  });
});
