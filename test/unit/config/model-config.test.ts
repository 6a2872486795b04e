/** What a list of models may hold; titles in capitals are those of upstream's own tests. */
import assert from 'node:assert/strict';

import {
  modelServerConfigOf,
  modelServerConfigType,
  plainOf,
  type ModelConfig,
} from '../../../src/config/model-config.js';
import { parseTextProto } from '../../../src/config/text-proto.js';
import { ServingError } from '../../../src/status/serving-error.js';

/** The models of a text in which each `config` is given by its fields. */
function modelsOf(...configs: readonly string[]): readonly ModelConfig[] {
  const list = configs.map((fields) => `config { ${fields} }`).join('\n');
  const text = Buffer.from(`model_config_list { ${list} }`);
  const plain = parseTextProto(modelServerConfigType(), text, 'file');
  const config = modelServerConfigOf(plain);
  assert.ok(config.kind === 'models');
  return config.models;
}

const PLATFORM = 'model_platform: "tensorflow"';
const M = `name: "m" base_path: "/m" ${PLATFORM}`;

function refused(message: string, ...configs: readonly string[]): void {
  assert.throws(
    () => modelsOf(...configs),
    (error: unknown) => {
      assert.ok(error instanceof ServingError);
      assert.equal(error.toString(), `INVALID_ARGUMENT: ${message}`);
      return true;
    },
  );
}

const notAbsolute = (name: string, path: string): string =>
  `Expected model ${name} to have an absolute path or URI; got base_path()=${path}`;
const DEPRECATED = 'ModelServerConfig::model_type (deprecated)';
const PLATFORM_FIELD = 'ModelServerConfig::model_platform, model name is m';

describe('modelServerConfigOf', () => {
  it('AbsolutePathSucceeds', () => {
    for (const path of ['/m', '/', 'file:///m', 'file://localhost/m']) {
      assert.equal(modelsOf(`name: "m" base_path: "${path}" ${PLATFORM}`)[0]?.basePath, path);
    }
  });

  it('refuses a base path that is on no local disk, and says what to do', () => {
    const advice = 'copy the files to a local disk or mount them, and give that path';
    for (const [scheme, path] of [
      ['gs', 'gs://bucket/m'],
      ['S3', 'S3://b'],
    ] as const) {
      const what = `File system scheme '${scheme}' not implemented (file: '${path}')`;
      refused(
        `Base path of model n: ${what}: ${advice}`,
        M,
        `name: "n" base_path: "${path}" ${PLATFORM}`,
      );
    }
  });

  it('RelativePathFails', () => {
    for (const path of ['m', './m', '', '://m', '1s://m']) {
      refused(notAbsolute('m', path), `name: "m" base_path: "${path}" ${PLATFORM}`);
    }
  });

  it('MixedAbsoluteRelativeFails', () => {
    refused(notAbsolute('n', 'n'), M, `name: "n" base_path: "n" ${PLATFORM}`);
  });

  it('IllegalConfigModelTypeAndPlatformSet', () => {
    refused(
      `Illegal setting both ${DEPRECATED} and ${PLATFORM_FIELD}`,
      `${M} model_type: TENSORFLOW`,
    );
    refused(
      `Illegal setting neither ${DEPRECATED} nor ${PLATFORM_FIELD}`,
      'name: "m" base_path: "/m"',
    );
  });

  it('DeprecatedModelTypeConfig', () => {
    const [model] = modelsOf('name: "m" base_path: "/m" model_type: TENSORFLOW');
    assert.deepEqual(model, modelsOf(M)[0]);
    refused(
      'ModelServerConfig::model_type choice 2 not supported.',
      'name: "m" base_path: "/m" model_type: OTHER',
    );
  });

  it('DuplicateModelNameInConfig', () => {
    refused('Illegal to list model m multiple times in config list', M, M);
  });

  it('UnknownModelPlatform', () => {
    refused(
      'Model m requests unsupported platform not_a_platform',
      'name: "m" base_path: "/m" model_platform: "not_a_platform"',
    );
  });

  it('takes the latest version unless the policy says otherwise', () => {
    const policyOf = (policy: string): unknown =>
      modelsOf(`${M} model_version_policy { ${policy} }`)[0]?.policy;
    assert.deepEqual(modelsOf(M)[0]?.policy, { kind: 'latest', count: 1 });
    assert.deepEqual(policyOf(''), { kind: 'latest', count: 1 });
    assert.deepEqual(policyOf('latest {}'), { kind: 'latest', count: 1 });
    assert.deepEqual(policyOf('latest { num_versions: 0 }'), { kind: 'latest', count: 1 });
    assert.deepEqual(policyOf('latest { num_versions: 3 }'), { kind: 'latest', count: 3 });
    assert.deepEqual(policyOf('all {}'), { kind: 'all' });
    assert.deepEqual(policyOf('specific {}'), { kind: 'specific', versions: [] });
    assert.deepEqual(policyOf('specific { versions: 4 versions: 9007199254740993 }'), {
      kind: 'specific',
      versions: [4n, 9007199254740993n],
    });
  });

  it('refuses weights that share out nothing, and labels given twice', () => {
    const spread = (parts: string): string =>
      `${M} version_label_weights { key: "L" value { ${parts} } }`;
    const [model] = modelsOf(
      spread('parts { version: 1 weight: 0.5 } parts { version: 2 weight: 9 }'),
    );
    assert.deepEqual(
      [...(model?.labels.get('L') ?? [])],
      [
        [1n, 0.5],
        [2n, 9],
      ],
    );
    for (const weight of ['0', '-1', 'inf', 'nan']) {
      const shown = { inf: 'Infinity', nan: 'NaN' }[weight] ?? weight;
      refused(
        `The weight of version 1 in label L of model m must be above 0, got ${shown}`,
        spread(`parts { version: 1 weight: ${weight} }`),
      );
    }
    refused('The label L of model m has no versions', spread(''));
    refused(
      'Version 1 is twice in label L of model m',
      spread('parts { version: 1 weight: 1 } parts { version: 1 weight: 2 }'),
    );
    refused(
      'The label L of model m is in both version_labels and version_label_weights',
      `${spread('parts { version: 1 weight: 1 }')} version_labels { key: "L" value: 1 }`,
    );
  });

  it('refuses a shadow beyond its bounds', () => {
    refused('Shadow share of model m is 1.5, not 0 to 1', `${M} shadow { version: 2 share: 1.5 }`);
    refused(
      'Shadow tolerance of model m is -1',
      `${M} shadow { version: 2 share: 1 tolerance: -1 }`,
    );
  });

  it('takes a weight of 0 for 1, and none below', () => {
    const weights = modelsOf(`${M} batching_weight: 0`, `name: "n" base_path: "/n" ${PLATFORM}`);
    assert.deepEqual(
      weights.map(({ batchingWeight }) => batchingWeight),
      [1, 1],
    );
    refused(
      'The batching_weight of model m must not be below 0, got -1',
      `${M} batching_weight: -1`,
    );
  });

  it('reads a response cache', () => {
    const [bare, full, none] = modelsOf(
      `${M} response_cache {}`,
      `name: "n" base_path: "/n" ${PLATFORM} response_cache { max_bytes: 1000 ttl_seconds: 0.5 key: ["x", "y"] }`,
      `name: "o" base_path: "/o" ${PLATFORM}`,
    );
    assert.deepEqual(bare?.responseCache, { maxBytes: 64 << 20, ttlSeconds: 0, key: [] });
    assert.deepEqual(full?.responseCache, { maxBytes: 1000, ttlSeconds: 0.5, key: ['x', 'y'] });
    assert.equal(none?.responseCache, null);
    refused(
      'The response_cache of model m: max_bytes must be from 0 to 9007199254740991, got -1',
      `${M} response_cache { max_bytes: -1 }`,
    );
    refused(
      'The response_cache of model m: ttl_seconds must be from 0 to 3155760000, got -0.5',
      `${M} response_cache { ttl_seconds: -0.5 }`,
    );
    refused(
      'The response_cache of model m: key has input "x" twice',
      `${M} response_cache { key: "x" key: "x" }`,
    );
  });

  it('tells a configuration without a list and a custom one from a list', () => {
    assert.deepEqual(modelServerConfigOf({}), { kind: 'none' });
    assert.deepEqual(modelServerConfigOf({ custom_model_config: {} }), { kind: 'custom' });
    assert.deepEqual(modelServerConfigOf({ model_config_list: {} }), {
      kind: 'models',
      models: [],
    });
  });

  it('is the same again after it was written', () => {
    const models = modelsOf(
      `${M} model_version_policy { specific { versions: 4 } } version_labels { key: "A" value: 4 }` +
        ' version_label_weights { key: "B" value { parts { version: 4 weight: 1 }' +
        ' parts { version: 5 weight: 2 } } } file_system_poll_wait_seconds: 0' +
        ' shadow { version: 5 share: 0.5 tolerance: 0.25 } resource_preserving: true batching_weight: 3' +
        ' response_cache { max_bytes: 4096 ttl_seconds: 1.5 key: "x" }',
      `name: "n" base_path: "/n" ${PLATFORM} model_version_policy { all {} } response_cache {}`,
      `name: "o" base_path: "/o" ${PLATFORM}`,
    );
    assert.deepEqual(modelServerConfigOf(plainOf(models)), { kind: 'models', models });
  });
});
