/** The pods of rendered manifests run: they start, serve, take changes and stop as docs/kubernetes.md says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import { Authority, pemField } from '../../wire/certificates.js';
import { freePort } from '../../wire/server-process.js';
import { IMAGE } from '../image/built.js';
import { removePodmanFiles } from '../image/podman.js';
import { runtimeContainer } from './kserve.js';
import {
  checkedManifests,
  deploymentOf,
  ofKind,
  type Container,
  type Labels,
  type Manifest,
  type PodSpec,
} from './manifests.js';
import { findHelm, itGiven } from './modules.js';
import { findImage, Pod } from './podman.js';
import { renderChart, ROOT } from './rendering.js';

const MODEL = join(ROOT, 'examples', 'models', 'half_plus_two');
const RELEASE = `tensorgate-test-${process.pid}`;
const BODY = '{"instances": [1.0, 2.0, 5.0]}';
const PREDICTIONS = [2.5, 3, 4.5];
const KEY = 'a key of this test';
/** What an init container would fetch from somewhere: here it writes a table. */
const FETCH = `
  fs.mkdirSync('/models/prices/1', { recursive: true });
  fs.writeFileSync('/models/prices/1/prices.csv', 'sku,price\\na,9.5\\n');
  fs.writeFileSync('/models/prices/1/table.pbtxt',
    'file: "prices.csv" header_row: true output { name: "price" column: "price" }');
`;
const [REPOSITORY = '', TAG = ''] = IMAGE.split(':');
/** Small, and with a short stop. */
const VALUES = {
  image: { repository: REPOSITORY, tag: TAG, pullPolicy: 'Never' },
  models: [{ name: 'half_plus_two' }],
  modelConfigPollSeconds: 1,
  resources: {
    requests: { cpu: '1', memory: '700Mi' },
    limits: { cpu: '1', memory: '700Mi' },
  },
  drain: { preStopSeconds: 0, waitSeconds: 0, graceSeconds: 10, unloadSeconds: 10 },
};

interface Playing {
  readonly pod: Pod;
  readonly container: Container;
  /** http://…, or https://…, of the models. */
  readonly url: string;
}

async function predictions(url: string): Promise<unknown> {
  const answer = await fetch(`${url}/half_plus_two:predict`, { method: 'POST', body: BODY });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { readonly predictions: unknown }).predictions;
}

/** Over TLS, from a server that has a certificate of that authority. */
async function askSafely(url: string, authority: string, key: string): Promise<IncomingMessage> {
  const headers = { 'X-API-Key': key };
  const asking = request(url, { method: 'POST', ca: authority, headers });
  asking.end('{"instances": ["a"]}');
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return answer;
}

describe('pods', function () {
  this.timeout(2_400_000); // Helm and the image may have to be built first
  let folder: string;
  let pod: Pod | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-pods-'));
    cpSync(MODEL, join(folder, 'half_plus_two'), { recursive: true });
    chmodSync(folder, 0o755); // the server is not this user
  });
  afterEach(async () => {
    await pod?.remove();
    pod = null;
    rmSync(folder, { recursive: true });
  });

  after(removePodmanFiles);

  async function rendered(helm: string, values: object): Promise<readonly Manifest[]> {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify({ ...VALUES, ...values }));
    return checkedManifests(await renderChart(helm, RELEASE, file));
  }

  /** Until its first probe, the one that is given, succeeds. */
  async function play(spec: PodSpec, files: ReadonlyMap<string, Labels>): Promise<Playing> {
    const [container] = spec.containers;
    assert.ok(container !== undefined);
    const [grpc, rest] = [await freePort(), await freePort()];
    const [grpcPort, restPort] = ['port', 'rest_api_port'].map((flag) =>
      Number(container.args?.find((arg) => arg.startsWith(`--${flag}=`))?.split('=')[1]),
    );
    const ports = new Map([
      [grpcPort ?? 0, grpc],
      [restPort ?? 0, rest],
    ]);
    pod = new Pod(RELEASE, { spec, ports, files });
    await pod.start();
    const probe = container.startupProbe ?? container.readinessProbe;
    assert.ok(probe !== undefined);
    await pod.untilStarted(probe, container);
    const scheme = probe.httpGet.scheme === 'HTTPS' ? 'https' : 'http';
    return { pod, container, url: `${scheme}://127.0.0.1:${rest}/v1/models` };
  }

  /** Of a Deployment, with its ConfigMaps and those Secrets. */
  const playDeployment = (
    manifests: readonly Manifest[],
    secrets: ReadonlyMap<string, Labels> = new Map(),
  ): Promise<Playing> => {
    const configMaps = ofKind(manifests, 'ConfigMap');
    const files = configMaps.map(({ metadata, data = {} }) => [metadata.name, data] as const);
    const { spec } = deploymentOf(manifests).spec.template;
    return play(spec, new Map([...files, ...secrets]));
  };

  /** The log names no flag that is unknown and no error, and the server has ended as it should. */
  async function stopped({ pod: playing }: Playing): Promise<void> {
    assert.equal(await playing.stop(), 0);
    const log = await playing.logs();
    assert.match(log, /"msg":"stopped"/);
    assert.doesNotMatch(log, /unknown|"level":[56]0/);
  }

  const here = (): object => ({ modelStore: { volume: { hostPath: { path: folder } } } });
  const needs = [findHelm, findImage];

  itGiven('serve, and take models that are added to their ConfigMap', needs, async (helm = '') => {
    const manifests = await rendered(helm, here());
    const playing = await playDeployment(manifests);
    const { container, url } = playing;
    assert.deepEqual(await predictions(url), PREDICTIONS);
    for (const probe of [container.readinessProbe, container.livenessProbe]) {
      assert.ok(probe !== undefined);
      assert.equal(await playing.pod.probe(probe, container), 200);
    }
    assert.match(
      await (await fetch(new URL('/metrics', url))).text(),
      /^:tensorgate:run_queue_depth/m,
    );
    cpSync(MODEL, join(folder, 'second'), { recursive: true });
    const models = [...VALUES.models, { name: 'second' }, { name: 'not_there' }];
    const [{ data = {} } = {}] = ofKind(await rendered(helm, { ...here(), models }), 'ConfigMap');
    playing.pod.volumes.write('model-config', data);
    const second = async (): Promise<number> => (await fetch(`${url}/second/versions/1`)).status;
    while ((await second()) !== 200) await delay(50);
    // One that is not there takes no pod out of its Service.
    assert.ok(container.readinessProbe !== undefined);
    assert.equal(await playing.pod.probe(container.readinessProbe, container), 200);
    assert.equal(await playing.pod.stop(), 0);
  });

  itGiven('serve on while they are taken out of their Service', needs, async (helm = '') => {
    const drain = { ...VALUES.drain, preStopSeconds: 1, waitSeconds: 10 };
    const playing = await playDeployment(await rendered(helm, { ...here(), drain }));
    const { container, url } = playing;
    const { readinessProbe: probe, lifecycle } = container;
    assert.ok(probe !== undefined && lifecycle !== undefined);
    const preStop = delay(lifecycle.preStop.sleep.seconds * 1000, true);
    while ((await Promise.race([preStop, delay(50, false)])) === false) {
      assert.equal(await playing.pod.probe(probe, container), 200);
      assert.deepEqual(await predictions(url), PREDICTIONS);
    }
    const stop = stopped(playing);
    while ((await playing.pod.probe(probe, container)) === 200) await delay(20);
    // --drain_wait_seconds has begun.
    for (let request_ = 0; request_ < 5; ++request_) {
      assert.deepEqual(await predictions(url), PREDICTIONS);
    }
    assert.equal(await playing.pod.probe(probe, container), 503);
    await stop;
  });

  itGiven('have TLS, keys, and models of an init container', needs, async (helm = '') => {
    const authority = new Authority(folder, 'authority');
    const { key, cert } = authority.issue('server');
    const sha256 = createHash('sha256').update(KEY).digest('hex');
    const values = {
      models: [{ name: 'prices', platform: 'table' }],
      modelStore: { fetch: { enabled: true, image: IMAGE, command: ['node', '-e', FETCH] } },
      ...{ authConfigSecret: 'auth', sslConfigSecret: 'ssl' },
    };
    const secrets = new Map<string, Labels>([
      ['ssl', { 'ssl.config': pemField('server_key', key) + pemField('server_cert', cert) }],
      [
        'auth',
        { 'auth.config': `principal { name: "shop" api_key_sha256: "${sha256}" scope {} }` },
      ],
    ]);
    const playing = await playDeployment(await rendered(helm, values), secrets);
    const url = `${playing.url}/prices:predict`;
    const answer = await askSafely(url, authority.cert, KEY);
    assert.match(await text(answer), /9\.5/);
    const refused = await askSafely(url, authority.cert, 'another');
    assert.equal(refused.statusCode, 401);
    refused.resume();
    await stopped(playing);
  });

  itGiven("run as KServe's runtime", [findImage], async () => {
    const container = await runtimeContainer('half_plus_two');
    const volumeMounts = [{ name: 'provision-location', mountPath: '/mnt/models' }];
    const spec: PodSpec = {
      containers: [{ ...container, image: IMAGE, volumeMounts }],
      volumes: [{ name: 'provision-location', hostPath: { path: join(folder, 'half_plus_two') } }],
      terminationGracePeriodSeconds: 30, // KServe's own
      securityContext: {},
      serviceAccountName: 'default',
    };
    const playing = await play(spec, new Map());
    assert.deepEqual(await predictions(playing.url), PREDICTIONS);
    await stopped(playing);
  });
});
