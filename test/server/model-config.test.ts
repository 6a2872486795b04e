import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, GrpcClient, RELOAD, type RpcError } from '../wire/grpc-client.js';
import { runToEnd, ServerProcess } from '../wire/server-process.js';

/** Version N answers N. */
const VERSIONS = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));

describe('The model configuration', function () {
  this.timeout(30_000);
  let folder: string;
  let server: ServerProcess | null;
  let client: GrpcClient;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-config-'));
    server = null;
  });
  afterEach(async () => {
    if (server !== null) {
      client.close();
      await server.stop();
    }
    rmSync(folder, { recursive: true });
  });

  async function start(...flags: string[]): Promise<void> {
    server = await ServerProcess.startWith('--max_num_load_retries=0', ...flags);
    client = new GrpcClient(server.grpcAddress);
  }

  function configFile(text: string): string {
    const file = join(folder, 'models.config');
    writeFileSync(file, text);
    return file;
  }

  const listed = (...models: string[]): string =>
    `model_config_list {\n${models.map((model) => `  config { ${model} }\n`).join('')}}\n`;
  const named = (name: string, more = '', base = VERSIONS): string =>
    `name: "${name}" base_path: "${base}" model_platform: "tensorflow" ${more}`;

  /** The answer of the version that a REST path stands for, or its error. */
  async function ask(path: string): Promise<number | string> {
    const url = `${(server as ServerProcess).restUrl}/v1/models/${path}:predict`;
    const response = await fetch(url, { method: 'POST', body: '{"instances": [1.0]}' });
    const reply = (await response.json()) as { predictions?: number[]; error?: string };
    return reply.predictions?.[0] ?? reply.error ?? '';
  }

  async function until(expected: number | string, path: string): Promise<void> {
    while ((await ask(path)) !== expected) await new Promise(setImmediate);
  }

  async function states(name: string): Promise<string> {
    const { model_version_status: versions } = (await client.modelStatus({
      model_spec: { name },
    })) as { model_version_status: { version: string; state: string }[] };
    return versions.map(({ version, state }) => `${version} ${state}`).join(', ');
  }

  it('serves every model of the file in the versions that its policy says', async () => {
    const file = configFile(
      listed(
        named('latest'),
        named('all', 'model_version_policy { all {} }'),
        named('first', 'model_version_policy { specific { versions: 1 } }'),
      ),
    );
    await start(`--model_config_file=${file}`, '--model_name=ignored', '--model_base_path=/none');
    assert.equal(await ask('latest'), 2);
    assert.equal(await ask('first'), 1);
    await until(1, 'all/versions/1');
    assert.equal(await states('all'), '2 AVAILABLE, 1 AVAILABLE');
    assert.equal(await ask('ignored'), 'Servable not found for request: Latest(ignored)');
  });

  for (const [what, text, message] of [
    [
      'a name twice',
      listed(named('m'), named('m')),
      'Illegal to list model m multiple times in config list',
    ],
    [
      'a relative path',
      listed('name: "m" base_path: "models/m" model_platform: "tensorflow"'),
      'Expected model m to have an absolute path or URI; got base_path()=models/m',
    ],
    [
      'no platform',
      listed(`name: "m" base_path: "${VERSIONS}"`),
      'Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, model name is m',
    ],
    [
      'type and platform',
      listed(named('m', 'model_type: TENSORFLOW')),
      'Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, model name is m',
    ],
    [
      'another platform',
      listed(`name: "m" base_path: "${VERSIONS}" model_platform: "pytorch"`),
      'Model m requests unsupported platform pytorch',
    ],
    [
      'type OTHER',
      listed(`name: "m" base_path: "${VERSIONS}" model_type: OTHER`),
      'ModelServerConfig::model_type choice 2 not supported.',
    ],
    [
      'a logging config',
      listed(named('m', 'logging_config {}')),
      'No request-logger-creator provided.',
    ],
  ] as const) {
    it(`refuses to start with ${what}, in the words of upstream`, async () => {
      const exit = await runToEnd(['--port=1', `--model_config_file=${configFile(text)}`]);
      assert.equal(exit.code, 255);
      assert.equal(exit.stdout, `Failed to start server. Error: INVALID_ARGUMENT: ${message}\n`);
    });
  }

  it('refuses to start with a label, since no version is available yet', async () => {
    const label = 'version_labels { key: "stable" value: 2 }';
    const file = configFile(listed(named('m', label)));
    const exit = await runToEnd(['--port=1', `--model_config_file=${file}`]);
    assert.equal(exit.code, 255);
    assert.equal(
      exit.stdout,
      'Failed to start server. Error: FAILED_PRECONDITION: Request to assign label to version 2 ' +
        'of model m, which is not currently available for inference; with ' +
        '--allow_version_labels_for_unavailable_models a new label may wait for its version\n',
    );
  });

  it('names line, column and field of a mistake, and starts with none of it', async () => {
    const file = configFile(
      'model_config_list {\n  config {\n    name: "m"\n    base_pth: "/m"\n  }\n}\n',
    );
    const exit = await runToEnd(['--port=1', `--model_config_file=${file}`]);
    assert.equal(exit.code, 255);
    assert.equal(
      exit.stdout,
      `Failed to start server. Error: INVALID_ARGUMENT: Invalid protobuf file: '${file}'\n`,
    );
    assert.match(exit.stderr, /models\.config:4:13.*model_config_list\.config\[0\]\.base_pth/);
  });

  it("says of a broken file what protobuf says, in lines of its own, and exits with upstream's code", async () => {
    const said = 'Error parsing text-format tensorflow.serving.ModelServerConfig: ';
    for (const [text, ...lines] of [
      [
        'improperly formatted file',
        '1:12: Message type "tensorflow.serving.ModelServerConfig" has no field named "improperly".',
      ],
      [
        'model_c\x01onfig_list {\n',
        '1:8: Invalid control characters encountered in text.',
        '1:9: Message type "tensorflow.serving.ModelServerConfig" has no field named "model_c".',
      ],
    ]) {
      const file = configFile(text as string);
      const exit = await runToEnd(['--port=1', `--model_config_file=${file}`]);
      assert.equal(exit.code, 255);
      const plain = exit.stderr.split('\n').filter((line) => line.startsWith('Error'));
      assert.deepEqual(
        plain,
        lines.map((line) => said + line),
      );
    }
  });

  it('starts with labels that may wait, and answers by label once the version is there', async () => {
    const labels =
      'version_labels { key: "stable" value: 2 } version_labels { key: "next" value: 9 }';
    const file = configFile(listed(named('m', labels)));
    await start(
      `--model_config_file=${file}`,
      '--allow_version_labels_for_unavailable_models=true',
    );
    assert.equal(await ask('m/labels/stable'), 2);
    assert.equal(await ask('m/labels/next'), 'Servable not found for request: Specific(m, 9)');
    assert.equal(await ask('m/labels/none'), 'Unrecognized servable version label: none');
    const labelled = { name: 'm', version_label: 'stable' };
    const reply = await client.predict({ model_spec: labelled, inputs: { x: floats(1) } });
    assert.equal((reply['model_spec'] as { version: { value: string } }).version.value, '2');
  });

  it('takes a file without a list as no action, and knows no labels then', async () => {
    await start(`--model_config_file=${configFile('# nothing yet\n')}`);
    assert.equal(await ask('m/labels/A'), 'Model labels does not init yet.A');
    await client.reload([{ name: 'm', base_path: VERSIONS }]);
    assert.equal(await ask('m'), 2);
    assert.equal(await ask('m/labels/A'), 'Unrecognized servable version label: A');
  });

  it('adds, changes and removes models by HandleReloadConfigRequest', async () => {
    await start('--model_name=m', `--model_base_path=${VERSIONS}`);
    const other = join(folder, 'other');
    mkdirSync(other);
    cpSync(join(VERSIONS, '1'), join(other, '00000007'), { recursive: true });

    const both = [
      { name: 'm', base_path: VERSIONS },
      { name: 'n', base_path: other },
    ];
    assert.deepEqual(await client.reload(both), { status: {} }); // error_code OK
    assert.equal(await ask('n'), 1, 'the call returns when the new model serves');
    await client.reload([{ name: 'm', base_path: other }]);
    await until('Servable not found for request: Latest(n)', 'n');
    await until(1, 'm');
    assert.match(await states('m'), /^7 AVAILABLE, 2 (END|UNLOADING)$/);
    await client.reload(both);
    assert.equal(await ask('n'), 1, 'a model that was removed comes back');
    await client.reload([]);
    await until('Servable not found for request: Latest(m)', 'm');
    assert.match(await states('n'), /^7 (END|UNLOADING)$/);
  });

  it('moves labels in one step, or not at all', async () => {
    const all = { name: 'm', base_path: VERSIONS, model_version_policy: { all: {} } };
    await start('--model_name=m', `--model_base_path=${VERSIONS}`);
    await client.reload([all]);
    await until(1, 'm/versions/1');
    await client.reload([{ ...all, version_labels: { stable: 1, canary: 2 } }]);
    assert.equal(await ask('m/labels/stable'), 1);
    assert.equal(await ask('m/labels/canary'), 2);
    await assert.rejects(client.reload([{ ...all, version_labels: { stable: 2, canary: 3 } }]), {
      code: StatusCode.FAILED_PRECONDITION,
      details:
        'Request to assign label to version 3 of model m, which is not currently available for inference',
    } satisfies RpcError);
    assert.equal(await ask('m/labels/stable'), 1);
    await client.reload([{ ...all, version_labels: { stable: 2 } }]);
    assert.equal(await ask('m/labels/stable'), 2);
    assert.equal(await ask('m/labels/canary'), 'Unrecognized servable version label: canary');
  });

  it('refuses what is no list of models, and a list that is wrong, and changes nothing', async () => {
    await start('--model_name=m', `--model_base_path=${VERSIONS}`);
    const message =
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList ' +
      'is currently supported';
    for (const config of [{}, { custom_model_config: { type_url: 'x' } }]) {
      await assert.rejects(client.raw(RELOAD, encode('ReloadConfigRequest', { config })), {
        code: StatusCode.INVALID_ARGUMENT,
        details: message,
      });
    }
    await assert.rejects(client.reload([{ name: 'm', base_path: 'relative' }]), {
      code: StatusCode.INVALID_ARGUMENT,
      details: 'Expected model m to have an absolute path or URI; got base_path()=relative',
    });
    await assert.rejects(client.raw(RELOAD, Buffer.from([0x0a, 0xff])), {
      code: StatusCode.INVALID_ARGUMENT,
    });
    assert.equal(await ask('m'), 2);
  });

  it('reports a new model that cannot be loaded, and keeps it configured', async () => {
    await start('--model_name=m', `--model_base_path=${VERSIONS}`);
    mkdirSync(join(folder, 'broken', '1'), { recursive: true });
    writeFileSync(join(folder, 'broken', '1', 'saved_model.pb'), 'no model');
    const models = [
      { name: 'm', base_path: VERSIONS },
      { name: 'broken', base_path: join(folder, 'broken') },
    ];
    await assert.rejects(client.reload(models), (error: unknown) => {
      const { code, details } = error as RpcError;
      assert.equal(code, StatusCode.UNKNOWN);
      assert.match(
        details,
        /^1 model\(s\) did not become available: \{\{\{name: broken version: 1\} due to error: [A-Z_]+: /,
      );
      return true;
    });
    assert.equal(await ask('m'), 2);
    await client.reload(models); // the name is no longer new
    // Beyond upstream: new content is tried without a new version number.
    cpSync(join(VERSIONS, '1'), join(folder, 'broken', '1'), { recursive: true });
    await until(1, 'broken');
  });

  it('follows the file when it is polled, and keeps what serves while the file is broken', async () => {
    const file = configFile(listed(named('m')));
    await start(`--model_config_file=${file}`, '--model_config_file_poll_wait_seconds=1');
    writeFileSync(file, 'model_config_list { config { name: "m" nonsense: 1 } }');
    await (server as ServerProcess).untilLogged('Failed to read ModelServerConfig file: Invalid');
    assert.equal(await ask('m'), 2);
    writeFileSync(file, listed(named('m'), named('n')));
    await until(2, 'n');
    await client.reload([{ name: 'm', base_path: VERSIONS }]);
    await until('Servable not found for request: Latest(n)', 'n');
    await until(2, 'n'); // the next poll restores what the file says
  });
});
