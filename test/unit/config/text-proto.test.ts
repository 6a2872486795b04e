/** Text format files: the grammar upstream takes, upstream's errors, and where a text is wrong. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseTextProto, readTextProtoFile } from '../../../src/config/text-proto.js';
import { loadProtos } from '../../../src/protos/protos.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

const root = loadProtos([
  'tensorflow_serving/config/model_server_config.proto',
  'tensorflow_serving/config/platform_config.proto',
  'tensorflow_serving/config/ssl_config.proto',
  'tensorflow_serving/servables/tensorflow/session_bundle_config.proto',
]);
const type = (name: string) => root.lookupType(`tensorflow.serving.${name}`);

function parsed(text: string, message = 'ModelServerConfig'): Record<string, unknown> {
  return parseTextProto(type(message), text, 'models.config');
}

/** `field: description` of the one violation. */
function wrong(text: string, message = 'ModelServerConfig'): string {
  try {
    parsed(text, message);
  } catch (error) {
    assert.ok(error instanceof ServingError);
    assert.equal(error.toString(), "INVALID_ARGUMENT: Invalid protobuf file: 'models.config'");
    assert.equal(error.violations.length, 1);
    return error.violations.map(({ field, description }) => `${field}: ${description}`).join();
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
      "models.config:5:5: model_config_list.config[1].base_pth: tensorflow.serving.ModelConfig: unknown field 'base_pth', expected name, base_path, model_type, model_platform, logging_config, model_version_policy, version_labels, file_system_poll_wait_seconds, version_label_weights, shadow, resource_preserving, batching_weight, given base_pth",
    );
  });

  it('finds the place in deep nesting', () => {
    const text = `model_config_list { config: [ { name: "a" },
      { name: "}" model_version_policy { specific { versions: [1, 2,
        three] } } } ] }`;
    assert.equal(
      wrong(text),
      'models.config:3:9: model_config_list.config[1].model_version_policy.specific.versions[2]: integer value expected, given three',
    );
  });

  const places: [string, string, string][] = [
    [
      'a singular field given twice',
      '\n client_verify: true\nclient_verify: true',
      ':3:1: client_verify: tensorflow.serving.SSLConfig.client_verify: multiple values',
    ],
    [
      'a string field given twice',
      'server_key: "a" server_key: "b" server_cert: "c"',
      ':1:17: server_key: tensorflow.serving.SSLConfig.server_key: multiple values',
    ],
    ['a missing colon', 'server_key "a"', ":1:12: server_key: expected ':', given a string"],
    [
      'a missing quote',
      'server_key: "a\nclient_verify: true',
      ':1:13: server_key: illegal string, given a string',
    ],
    [
      'a string never ended',
      'server_key: "a',
      ':1:13: server_key: unterminated string, given a string',
    ],
    [
      'a bad escape',
      "server_key: 'a' '\\q'",
      ":1:17: server_key: illegal string escape '\\q', given a string",
    ],
    [
      'no UTF-8',
      'server_key: "\\xff" server_cert: ""',
      ':1:13: server_key: invalid UTF-8 string, given a string',
    ],
    [
      'no UTF-8 at the end',
      'server_key: "\\xff"',
      ':1:13: server_key: invalid UTF-8 string, given a string',
    ],
    [
      'a value of another type',
      'client_verify: 2',
      ':1:16: client_verify: bool value expected, given 2',
    ],
    [
      'a missing value',
      'server_key:',
      ':1:12: server_key: expected string, given the end of the text',
    ],
    [
      'a closing brace too many',
      'server_key: "" }',
      ":1:16: server_key: illegal field name '}', given }",
    ],
    ['two separators', 'server_key: "",;', ':1:16: server_key: unexpected separator, given ;'],
    [
      'a list for a singular field',
      'server_key: ["a"]',
      ':1:13: server_key: tensorflow.serving.SSLConfig.server_key: list value specified for singular field, given [',
    ],
    [
      'a character of no token',
      'client_verify: true \u2028',
      ":1:21: client_verify: illegal character '\u2028', given \u2028",
    ],
  ];
  for (const [what, text, expected] of places) {
    it(`finds ${what}`, () => {
      assert.equal(wrong(text, 'SSLConfig'), `models.config${expected}`);
    });
  }

  it('names what is missing at the end', () => {
    assert.equal(
      wrong('model_config_list {\n config { name: "a" }\n config {\n name: "b" }\n'),
      "models.config:5:1: model_config_list.config[1]: expected '}', given the end of the text",
    );
  });

  it('counts the fields of a oneof as one', () => {
    assert.equal(
      wrong('model_config_list {}\ncustom_model_config { }'),
      'models.config:2:1: custom_model_config: config: multiple values',
    );
  });

  it('finds an unknown type in an Any', () => {
    assert.match(
      wrong('custom_model_config {\n [a.b/c.D] { x: 1 } }'),
      /^models.config:2:12: custom_model_config\.\[a\.b\/c\.D\]: no such type/,
    );
  });

  it('refuses nesting without end', () => {
    assert.match(wrong('model_config_list { config '), /expected message value/);
    const any = '[type.googleapis.com/google.protobuf.Any] { ';
    assert.match(wrong(`custom_model_config { ${any.repeat(100_000)}`), /max depth exceeded/);
  });

  it('shows no string, since it may be a key', () => {
    assert.doesNotMatch(wrong('server_key: "secret\\q"', 'SSLConfig'), /secret/);
  });
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
  });

  it('refuses as upstream what cannot be read', async () => {
    const missing = join(folder, 'missing');
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    const broken = join(folder, 'broken');
    writeFileSync(broken, 'x');
    for (const [file, code, message] of [
      [missing, StatusCode.NOT_FOUND, `${missing}; No such file or directory`],
      [folder, StatusCode.NOT_FOUND, `${folder}; No such device`],
      [empty, StatusCode.INVALID_ARGUMENT, `${empty}; Invalid argument`],
      [broken, StatusCode.INVALID_ARGUMENT, `Invalid protobuf file: '${broken}'`],
    ] as const) {
      const error = await refusal(file);
      assert.deepEqual([error.code, error.message], [code, message]);
    }
  });
});
