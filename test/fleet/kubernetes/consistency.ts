/** What no schema says: that manifests name each other rightly, and pods may run where only restricted ones may. */
import assert from 'node:assert/strict';

import { FLAG_TABLE } from '../../../src/config/flag-table.js';
import {
  deploymentOf,
  flagOf,
  ofKind,
  serverOf,
  type Container,
  type Labels,
  type Manifest,
  type Probe,
} from './manifests.js';

interface Selecting {
  readonly selector?: Labels & { readonly matchLabels?: Labels };
  readonly podSelector?: { readonly matchLabels: Labels };
}

function covers(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Services, budgets, policies and monitors select the pods, or the Service, of the same release. */
function checkSelectors(manifests: readonly Manifest[]): void {
  const pods = deploymentOf(manifests).spec.template.metadata.labels;
  assert.ok(covers(deploymentOf(manifests).spec.selector.matchLabels, pods));
  for (const kind of ['Service', 'PodDisruptionBudget', 'NetworkPolicy', 'PodMonitor']) {
    for (const { spec, metadata } of ofKind(manifests, kind)) {
      const { selector, podSelector } = spec as Selecting;
      const labels = podSelector?.matchLabels ?? selector?.matchLabels ?? selector;
      assert.ok(labels !== undefined && Object.keys(labels).length > 0, metadata.name);
      assert.ok(covers(labels, pods), `${kind} ${metadata.name} selects other pods`);
    }
  }
}

interface Monitoring {
  readonly selector: {
    readonly matchLabels: Labels;
    readonly matchExpressions: readonly {
      readonly key: string;
      readonly operator: 'DoesNotExist';
    }[];
  };
}

/** A ServiceMonitor finds one Service of the two, so that no pod counts twice. */
function checkMonitored(manifests: readonly Manifest[]): void {
  for (const { spec } of ofKind(manifests, 'ServiceMonitor')) {
    const { matchLabels, matchExpressions } = (spec as Monitoring).selector;
    const found = ofKind(manifests, 'Service').filter(
      ({ metadata: { labels } }) =>
        covers(matchLabels, labels) && matchExpressions.every(({ key }) => !(key in labels)),
    );
    assert.equal(found.length, 1);
  }
}

/** Ports are named as the container names them. */
function checkPorts(manifests: readonly Manifest[]): void {
  const container = serverOf(deploymentOf(manifests));
  const names = (container.ports ?? []).map(({ name }) => name);
  for (const { spec } of ofKind(manifests, 'Service')) {
    const { ports } = spec as { readonly ports: readonly { readonly targetPort: string }[] };
    assert.deepEqual(
      ports.map(({ targetPort }) => targetPort),
      names,
    );
  }
  const numbers = (container.ports ?? []).map(({ containerPort }) => String(containerPort));
  assert.deepEqual(numbers, [flagOf(container, 'port'), flagOf(container, 'rest_api_port')]);
  const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
  assert.deepEqual(
    probes.map((probe) => probe?.httpGet.port),
    ['rest', 'rest', 'rest'],
  );
}

/** Each mount has its volume, each volume is mounted, and what it is made of is there. */
function checkVolumes(manifests: readonly Manifest[]): void {
  const { volumes, containers, initContainers = [] } = deploymentOf(manifests).spec.template.spec;
  const named = (kind: string): string[] =>
    ofKind(manifests, kind).map((each) => each.metadata.name);
  const mounted = [...containers, ...initContainers].flatMap(
    ({ volumeMounts = [] }) => volumeMounts,
  );
  const names = volumes.map(({ name }) => name);
  assert.deepEqual([...new Set(mounted.map(({ name }) => name))].sort(), [...names].sort());
  for (const { configMap, name } of volumes) {
    if (configMap !== undefined && name !== 'plugins') {
      assert.ok(named('ConfigMap').includes(configMap.name), configMap.name);
    }
  }
}

/** Kubernetes' Pod Security Standard "restricted", and a root that nothing writes to. */
export function checkRestricted(
  container: Container,
  pod: Readonly<Record<string, unknown>>,
): void {
  const context = { ...pod, ...container.securityContext };
  assert.equal(context['runAsNonRoot'], true);
  assert.ok(Number(context['runAsUser']) > 0);
  assert.equal(context['allowPrivilegeEscalation'], false);
  assert.equal(context['readOnlyRootFilesystem'], true);
  assert.deepEqual(context['capabilities'], { drop: ['ALL'] });
  assert.deepEqual(context['seccompProfile'], { type: 'RuntimeDefault' });
}

/** Every flag is one that the server has, and its files lie in what is mounted. */
export function checkFlags(container: Container): void {
  const known = FLAG_TABLE.map(({ name }) => name as string);
  const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  for (const argument of container.args ?? []) {
    const [, name, value] = /^--(\w+)=(.*)$/.exec(argument) ?? [];
    assert.ok(name !== undefined && known.includes(name), argument);
    if (value?.startsWith('/etc/') === true) {
      assert.ok(
        mounts.some((mount) => value.startsWith(`${mount}/`)),
        argument,
      );
    }
  }
}

/** A stop has as long as the server takes at most, and a probe does not outlast its period by much. */
function checkTimes(manifests: readonly Manifest[]): void {
  const deployment = deploymentOf(manifests);
  const container = serverOf(deployment);
  const preStop = container.lifecycle?.preStop.sleep.seconds ?? 0;
  const wait = Number(flagOf(container, 'drain_wait_seconds'));
  const grace = Number(flagOf(container, 'shutdown_grace_seconds'));
  const unload =
    deployment.spec.template.spec.terminationGracePeriodSeconds - preStop - wait - grace;
  assert.ok(unload >= 5, `${unload} s are left for models to be unloaded`);
  const paths = (probe: Probe | undefined): string | undefined => probe?.httpGet.path;
  assert.equal(paths(container.startupProbe), '/readyz');
  assert.equal(paths(container.readinessProbe), '/readyz');
  assert.equal(paths(container.livenessProbe), '/healthz'); // a missing model is not mended by a restart
}

/** All of it, for one rendering of the chart. */
export function checkConsistent(manifests: readonly Manifest[]): void {
  checkSelectors(manifests);
  checkMonitored(manifests);
  checkPorts(manifests);
  checkVolumes(manifests);
  checkTimes(manifests);
  const { containers, initContainers = [], ...pod } = deploymentOf(manifests).spec.template.spec;
  for (const each of [...containers, ...initContainers]) checkRestricted(each, pod.securityContext);
  for (const each of containers) checkFlags(each);
}
