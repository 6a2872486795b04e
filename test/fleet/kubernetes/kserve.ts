/** deploy/kserve: a runtime in the place of KServe's own for TensorFlow, and services that use it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkFlags, checkRestricted } from './consistency.js';
import { checkedManifests, flagOf, only, type Container, type Manifest } from './manifests.js';
import { findModule, itGiven } from './modules.js';
import { DEPLOY, VERSION } from './rendering.js';

const FOLDER = join(DEPLOY, 'kserve');
const KINDS = ['ClusterServingRuntime', 'InferenceService'];
const KSERVE = {
  path: 'github.com/kserve/kserve',
  version: 'v0.16.0',
  sum: 'h1:kDkcAU5VMiZf4zhdDXH+UdAIgzXhs10GMv0d9r4qvTs=',
};
const CRDS = join('config', 'crd', 'full');
/** What ours stands in for. */
const THEIRS = join('config', 'runtimes', 'kserve-tensorflow-serving.yaml');

interface Format {
  readonly name: string;
  readonly version: string;
  readonly autoSelect: boolean;
  readonly priority: number;
}

interface Runtime extends Manifest {
  readonly spec: {
    readonly supportedModelFormats: readonly Format[];
    readonly protocolVersions: readonly string[];
    readonly containers: readonly Container[];
  };
}

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

function containerOf({ spec }: Runtime): Container {
  const [container] = spec.containers;
  assert.ok(container !== undefined);
  return container;
}

async function runtimeIn(text: string): Promise<Runtime> {
  const manifests = await checkedManifests(text, { unchecked: KINDS });
  return only(manifests, 'ClusterServingRuntime') as Runtime;
}

/** The runtime's, as KServe makes it for an InferenceService of that name. */
export async function runtimeContainer(name: string): Promise<Container> {
  const container = containerOf(await runtimeIn(read('clusterservingruntime.yaml')));
  return {
    ...container,
    args: (container.args ?? []).map((arg) => arg.replace('{{.Name}}', name)),
  };
}

describe('KServe', function () {
  this.timeout(360_000); // KServe's sources may have to be fetched

  it('has a runtime with flags of the server, which may run where only restricted pods may', async () => {
    const runtime = await runtimeIn(read('clusterservingruntime.yaml'));
    const container = containerOf(runtime);
    checkFlags(container);
    checkRestricted(container, {});
    assert.equal(container.image, `tensorgate:${VERSION}`);
    const stop = ['drain_wait_seconds', 'shutdown_grace_seconds'].map((each) =>
      Number(flagOf(container, each)),
    );
    assert.ok(
      stop.reduce((a, b) => a + b) <= 25,
      "KServe's pods have 30 s, and models are unloaded",
    );
  });

  for (const file of readdirSync(FOLDER)) {
    itGiven(`has ${file} as its CRDs want it`, [() => findModule(KSERVE)], async (folder = '') => {
      const crds = KINDS.map((kind) =>
        join(folder, CRDS, `serving.kserve.io_${kind.toLowerCase()}s.yaml`),
      );
      assert.notEqual((await checkedManifests(read(file), { crds })).length, 0);
    });
  }

  itGiven('finds in it what its own has', [() => findModule(KSERVE)], async (folder = '') => {
    const ours = await runtimeIn(read('clusterservingruntime.yaml'));
    const theirs = await runtimeIn(readFileSync(join(folder, THEIRS), 'utf8'));
    const what = ({ spec }: Runtime): unknown => ({
      formats: spec.supportedModelFormats.map(({ name, version, autoSelect }) => ({
        ...{ name, version, autoSelect },
      })),
      protocols: spec.protocolVersions,
      command: spec.containers[0]?.command,
      resources: spec.containers[0]?.resources,
      user: spec.containers[0]?.securityContext['runAsUser'],
    });
    assert.deepEqual(what(ours), what(theirs));
    const args = (runtime: Runtime): readonly string[] => containerOf(runtime).args ?? [];
    assert.deepEqual(args(ours).slice(0, args(theirs).length), args(theirs));
    const priority = ({ spec }: Runtime): number =>
      Math.max(...spec.supportedModelFormats.map((each) => each.priority));
    assert.ok(priority(ours) > priority(theirs), 'KServe chooses its own');
  });
});
