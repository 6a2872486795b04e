/**
 * The image of Dockerfile: built as a user builds it, looked through, then run by podman as upstream's image is run,
 * limited, read-only, as another user, probed and stopped. Dockerfile.cuda is linted only, since it takes gigabytes.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { usableCpus } from '../../src/config/cpu-count.js';
import { outputOf } from '../clients/programs.js';
import { slowBody } from '../integration/models.js';
import { Authority } from '../wire/certificates.js';
import { floats, GrpcClient } from '../wire/grpc-client.js';
import { IS_WHOLE, pipTool, skipSuite } from './harness.js';
import {
  bomText,
  buildImage,
  IMAGE,
  imageFiles,
  IN_IMAGE,
  layerSizes,
  packageFolders,
  type Bom,
} from './image/built.js';
import { Container, podman, removePodmanFiles, whyNoContainers } from './image/podman.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MODELS = join(ROOT, 'examples', 'models');
const BUILD_MILLIS = 40 * 60_000;
/** Beside libtensorflow, in all. UNITS: bytes. */
const MOST_BESIDE = 130e6;
/** Of `slow`, some seconds of a run. */
const LONG = 15_000;
/** The image with everything that build arguments add. */
const WITH_EXTRAS = `${IMAGE}-extras`;
/** The status of a start that fails, as upstream's. */
const FAILED = 255;
const SERVER = '/usr/bin/tensorflow_model_server';

/** What no image of a server needs, by path. */
const UNWANTED = [
  /bin\/(python|pip|npm|npx|gcc|g\+\+|c\+\+|cmake|make|ld|apt|dpkg|curl|wget|perl)[\w.-]*$/,
  /node_modules\/(npm|typescript|cmake-js|node-addon-api)\//,
  /\.(cc|h|a|o|map|d\.ts|py)$/,
  /(^|\/)(pip\.conf|\.?npmrc|sources\.list)/,
];

interface Config {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
}

describe('images', () => {
  for (const file of ['Dockerfile', 'Dockerfile.cuda'])
    it(`${file} is as hadolint wants it`, async () => {
      await outputOf(pipTool('hadolint'), [join(ROOT, file)]);
    });
});

describe('the image', function () {
  this.timeout(120_000);
  let folder: string;
  let files: Map<string, string>;
  let container: Container | null = null;

  before(async function () {
    this.timeout(BUILD_MILLIS);
    const reason = IS_WHOLE
      ? await whyNoContainers()
      : 'building it takes minutes: npm run fleet -- --only=image';
    if (reason !== null) skipSuite(this, reason);
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-image-'));
    await buildImage();
    files = await imageFiles();
  });
  afterEach(async () => {
    await container?.remove();
    container = null;
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
    removePodmanFiles();
  });

  /** Options that mount a folder of models where upstream's image has it. */
  const mounted = (models: string): string[] => [`--volume=${models}:/models:ro`];

  async function started(
    options: readonly string[],
    flags: readonly string[] = [],
  ): Promise<Container> {
    container = await Container.start(IMAGE, { options, flags });
    return container;
  }

  async function checkAnswers({ grpcPort, restPort }: Container): Promise<void> {
    const url = `http://127.0.0.1:${restPort}/v1/models/half_plus_two:predict`;
    const reply = await fetch(url, { method: 'POST', body: '{"instances": [1, 2, 5]}' });
    assert.deepEqual(await reply.json(), { predictions: [2.5, 3, 4.5] });
    const client = new GrpcClient(`127.0.0.1:${grpcPort}`);
    const answer = await client.predict({
      model_spec: { name: 'half_plus_two' },
      inputs: { x: floats(1, 2, 5) },
    });
    client.close();
    const { y } = answer['outputs'] as Record<string, { float_val: number[] }>;
    assert.deepEqual(y?.float_val, [2.5, 3, 4.5]);
  }

  it('is at most 130 MB beside libtensorflow', async () => {
    const sizes = await layerSizes();
    const library = Math.max(...sizes);
    const beside = sizes.reduce((sum, size) => sum + size, 0) - library;
    console.log(
      `    ${(library / 1e6).toFixed(1)} MB libtensorflow, ${(beside / 1e6).toFixed(1)} MB beside`,
    );
    assert.ok(beside <= MOST_BESIDE, `${beside} bytes beside libtensorflow`);
  });

  it('has nothing that only builds, nothing of other platforms, no set-uid files', () => {
    assert.deepEqual(
      [...files.keys()].filter((path) => UNWANTED.some((unwanted) => unwanted.test(path))),
      [],
    );
    const binaries = [...files.keys()].filter((path) => path.endsWith('.node'));
    assert.equal(binaries.length, 2, binaries.join(', '));
    assert.ok(binaries.some((path) => path.includes(`uws_linux_${process.arch}_`)));
    assert.deepEqual(
      [...files].filter(([, mode]) => /^-..s|^-.....s/.test(mode)),
      [],
    );
  });

  it("trusts Debian's certificates, not this machine's", async () => {
    const trusted = await podman(
      'run',
      '--rm',
      '--network=host',
      '--entrypoint=cat',
      IMAGE,
      '/etc/ssl/certs/ca-certificates.crt',
    );
    assert.ok(trusted.split('BEGIN CERTIFICATE').length > 100);
    const local = '/usr/local/share/ca-certificates';
    for (const name of existsSync(local) ? readdirSync(local) : [])
      assert.ok(!trusted.includes(readFileSync(join(local, name), 'utf8').trim()), name);
  });

  it("has the environment, ports and paths of upstream's image, and a user by number", async () => {
    const config = JSON.parse(
      await podman('image', 'inspect', '--format={{json .Config}}', IMAGE),
    ) as Config;
    assert.equal(config.User, '1000:1000');
    assert.deepEqual(config.Entrypoint, ['/usr/bin/tf_serving_entrypoint.sh']);
    assert.deepEqual(Object.keys(config.ExposedPorts).sort(), ['8500/tcp', '8501/tcp']);
    for (const setting of ['MODEL_NAME=model', 'MODEL_BASE_PATH=/models'])
      assert.ok(config.Env.includes(setting), setting);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.equal(config.Labels['org.opencontainers.image.version'], version);
    assert.match(
      config.Labels['org.opencontainers.image.revision'] ?? '',
      /^[0-9a-f]{40}$|^unknown$/,
    );
    for (const path of ['usr/bin/tf_serving_entrypoint.sh', SERVER.slice(1), 'models'])
      assert.ok(files.has(path), path);
  });

  it('lists its parts as CycloneDX has it, in it and beside it', async () => {
    const text = bomText();
    const inside = await podman(
      'run',
      '--rm',
      '--network=host',
      '--entrypoint=cat',
      IMAGE,
      IN_IMAGE,
    );
    assert.equal(inside, text.trim());
    const bom = JSON.parse(text) as Bom;
    const script = [
      'import sys',
      'from cyclonedx.schema import SchemaVersion',
      'from cyclonedx.validation.json import JsonStrictValidator',
      'error = JsonStrictValidator(SchemaVersion.from_version(sys.argv[1])).validate_str(sys.stdin.read())',
      'sys.exit(str(error) if error else 0)',
    ].join('\n');
    execFileSync(pipTool('python'), ['-c', script, bom.specVersion], { input: text });

    const listed = bom.components.map(({ purl }) => purl);
    const folders = packageFolders(files);
    assert.ok(folders.length > 40, `${folders.length} npm packages`);
    for (const folder of folders) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(folder)?.[1] ?? '';
      const encoded = name === 'uWebSockets.js' ? 'uwebsockets' : name.replace('@', '%40');
      if (name !== 'tensorgate')
        assert.ok(
          listed.some((purl) => purl.startsWith(`pkg:npm/${encoded}@`)),
          name,
        );
    }
    for (const part of [
      'pkg:pypi/tensorflow-cpu@2.21',
      'pkg:generic/node@',
      'pkg:generic/tensorgate.node@',
      'pkg:deb/debian/libc6@',
    ])
      assert.ok(
        listed.some((purl) => purl.startsWith(part)),
        part,
      );
  });

  it("serves as upstream's image, and is healthy", async () => {
    const server = await started(
      [...mounted(MODELS), '--env=MODEL_NAME=half_plus_two'],
      ['--rest_transport=uwebsockets'],
    );
    await checkAnswers(server);
    assert.equal(await server.health(), 0);
    assert.equal(await server.stop(), 0);
  });

  it("serves as KServe runs upstream's: by the server's path, read-only, as another user, with no capability", async () => {
    const server = await started(
      [
        ...[`--entrypoint=${SERVER}`, `--volume=${MODELS}/half_plus_two:/mnt/models:ro`],
        ...['--read-only', '--read-only-tmpfs=false', '--user=12345:0', '--cap-drop=all'],
        '--security-opt=no-new-privileges',
      ],
      [
        '--model_name=half_plus_two',
        '--model_base_path=/mnt/models',
        '--rest_api_timeout_in_ms=60000',
      ],
    );
    await checkAnswers(server);
    assert.match(await server.run('cat', '/proc/1/status'), /^Uid:\s+12345\s/m);
    await assert.rejects(server.run('sh', '-c', ': > /tmp/file'), /Read-only file system/);
    assert.equal(await server.health(), 0);
    assert.equal(await server.stop(), 0);
  });

  it('is unhealthy while a model is missing', async () => {
    mkdirSync(join(folder, 'none', 'm'), { recursive: true });
    container = await Container.create(IMAGE, {
      options: [...mounted(join(folder, 'none')), '--env=MODEL_NAME=m'],
      flags: ['--listen_before_loaded'],
    });
    await container.untilLogged('REST at');
    assert.equal(await container.health(), 1);
  });

  it('is healthy with TLS', async () => {
    const { key, cert } = new Authority(folder, 'ca').issue('server');
    const quoted = (pem: string): string => JSON.stringify(pem);
    const config = join(folder, 'ssl.config');
    writeFileSync(config, `server_key: ${quoted(key)}\nserver_cert: ${quoted(cert)}\n`, {
      mode: 0o644,
    });
    const server = await started(
      [...mounted(MODELS), '--env=MODEL_NAME=half_plus_two', `--volume=${config}:/ssl.config:ro`],
      ['--ssl_config_file=/ssl.config'],
    );
    assert.equal(await server.health(), 0);
    assert.equal(await server.stop(), 0);
  });

  it('has threads for the CPUs that it may use', async () => {
    const threads = async (...limits: string[]): Promise<number> => {
      const server = await started([
        ...mounted(MODELS),
        '--env=MODEL_NAME=half_plus_two',
        ...limits,
      ]);
      await checkAnswers(server);
      const names = await server.run('sh', '-c', 'cat /proc/1/task/*/comm');
      await server.remove();
      return names.split('\n').filter((name) => name === 'tensorgate-run').length;
    };
    assert.equal(await threads('--cpus=1'), 1);
    assert.equal(await threads(), usableCpus());
  });

  it('refuses a model that does not fit into its memory, and not for want of anything else', async () => {
    const models = join(folder, 'large');
    cpSync(join(MODELS, 'half_plus_two'), join(models, 'half_plus_two'), { recursive: true });
    const [version = ''] = readdirSync(join(models, 'half_plus_two'));
    const assets = join(models, 'half_plus_two', version, 'assets.extra');
    mkdirSync(assets);
    writeFileSync(join(assets, 'large'), '');
    truncateSync(join(assets, 'large'), 600e6);
    const options = [...mounted(models), '--env=MODEL_NAME=half_plus_two'];
    const refused = await Container.create(IMAGE, {
      options: [...options, '--memory=700m'],
      flags: ['--max_num_load_retries=0'],
    });
    container = refused;
    assert.equal(await refused.exitStatus(), FAILED);
    assert.match(
      await refused.log(),
      /Insufficient resources to load servable.*control group \/sys\/fs\/cgroup/s,
    );
    await refused.remove();

    const server = await started(options);
    await checkAnswers(server);
  });

  it('answers what is in flight when it is stopped, within its memory and CPU', async () => {
    const monitoring = join(folder, 'monitoring.config');
    writeFileSync(monitoring, 'prometheus_config { enable: true, path: "/metrics" }', {
      mode: 0o644,
    });
    const server = await started(
      [
        ...mounted(join(ROOT, 'test', 'models')),
        ...['--env=MODEL_NAME=slow', '--read-only', '--memory=700m', '--cpus=1'],
        `--volume=${monitoring}:/monitoring.config:ro`,
      ],
      ['--monitoring_config_file=/monitoring.config'],
    );
    const url = `http://127.0.0.1:${server.restPort}`;
    const client = new GrpcClient(`127.0.0.1:${server.grpcPort}`);
    const overRest = fetch(`${url}/v1/models/slow:predict`, {
      method: 'POST',
      body: slowBody(LONG),
    });
    const overGrpc = client.predict({
      model_spec: { name: 'slow' },
      inputs: {
        x: floats(1),
        iterations: { dtype: 'DT_INT32', tensor_shape: { dim: [{ size: 1 }] }, int_val: [LONG] },
      },
    });
    const inFlight = async (): Promise<string> => {
      const page = await (await fetch(`${url}/metrics`)).text();
      return /^:tensorgate:requests_in_flight\{.*\} (\d+)$/m.exec(page)?.[1] ?? '';
    };
    while ((await inFlight()) !== '2');
    assert.equal(await server.stop(), 0);
    assert.deepEqual(await (await overRest).json(), { outputs: [1] });
    const { y } = (await overGrpc)['outputs'] as Record<string, { float_val: number[] }>;
    assert.deepEqual(y?.float_val, [1]);
    client.close();
  });

  it("computes TensorFlow Text's ops and an ONNX file, with what build arguments add", async function () {
    this.timeout(BUILD_MILLIS);
    await buildImage(WITH_EXTRAS, ['TENSORGATE_OPS=text', 'TENSORGATE_OPENVINO=1']);
    const models = join(ROOT, 'test', 'models');
    const config = join(folder, 'models.config');
    const entry = (name: string, platform: string): string =>
      `config { name: "${name}" base_path: "/models/${name}" model_platform: "${platform}" }`;
    writeFileSync(
      config,
      `model_config_list { ${entry('text_pieces', 'tensorflow')} ${entry('onnx_half', 'onnx')} }`,
      {
        mode: 0o644,
      },
    );
    container = await Container.start(WITH_EXTRAS, {
      options: [...mounted(models), `--volume=${config}:/models.config:ro`, '--read-only'],
      flags: ['--model_config_file=/models.config'],
    });
    const { restPort } = container;
    const ask = async (name: string, instances: unknown): Promise<unknown> => {
      const url = `http://127.0.0.1:${restPort}/v1/models/${name}:predict`;
      const body = JSON.stringify({ instances });
      return (await fetch(url, { method: 'POST', body })).json();
    };
    assert.deepEqual(await ask('onnx_half', [1, 2, 5]), { predictions: [2.5, 3, 4.5] });
    assert.deepEqual(await ask('text_pieces', ['the foxes a', '']), {
      predictions: [
        [3, 4, 5, 6],
        [0, 0, 0, 0],
      ],
    });
    assert.equal(await container.stop(), 0);
  });
});
