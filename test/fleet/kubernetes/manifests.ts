/** Manifests as they are in files: checked against their schemas, and what the tests look at in them. */
import { fileURLToPath } from 'node:url';

import { outputOf } from '../../clients/programs.js';
import { pipTool } from '../harness.js';

const SCRIPT = fileURLToPath(
  new URL('../../../../test/fleet/kubernetes/manifests.py', import.meta.url),
);
/** Python reads some 10 MB of schemas, on machines with something else to do. */
const MOST_MILLIS = 120_000;
/** The newest, and the oldest that somebody may still support. */
export const KUBERNETES_VERSIONS = ['1.32', '1.35', '1.37'];

export type Labels = Readonly<Record<string, string>>;

interface Named {
  readonly name: string;
}

export interface Probe {
  readonly httpGet: {
    readonly path: string;
    readonly port: string | number;
    readonly scheme?: string;
  };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface Container extends Named {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: Readonly<Record<'requests' | 'limits', Labels>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
}

export interface Volume extends Named {
  readonly configMap?: Named;
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number };
  readonly hostPath?: { readonly path: string };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly data?: Labels;
  readonly spec?: unknown;
}

export interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
}

/** What manifests.py, which says what it takes, prints. */
export function readManifests(text: string, args: readonly string[]): Promise<string> {
  return outputOf(pipTool('python'), [SCRIPT, ...args], text, MOST_MILLIS);
}

/** Those in the text, each found right by its schema for each version of Kubernetes. */
export async function checkedManifests(
  text: string,
  options: { readonly crds?: readonly string[]; readonly unchecked?: readonly string[] } = {},
): Promise<readonly Manifest[]> {
  const { crds = [], unchecked = [] } = options;
  const args = [
    ...KUBERNETES_VERSIONS.map((version) => `--kubernetes=${version}`),
    ...crds.map((file) => `--crd=${file}`),
    ...unchecked.map((kind) => `--allow=${kind}`),
  ];
  return JSON.parse(await readManifests(text, args)) as Manifest[];
}

export const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter((each) => each.kind === kind);

/** The one of that kind. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, second] = ofKind(manifests, kind);
  if (found === undefined || second !== undefined) throw new Error(`not one ${kind}`);
  return found;
}

export const deploymentOf = (manifests: readonly Manifest[]): Deployment =>
  only(manifests, 'Deployment') as Deployment;

/** Its container that serves. */
export function serverOf({ spec }: Deployment): Container {
  const [container] = spec.template.spec.containers;
  if (container === undefined) throw new Error('there is no container');
  return container;
}

/** The value of a flag, the last one where there are several; null without one. */
export function flagOf({ args = [] }: Container, name: string): string | null {
  const prefix = `--${name}=`;
  return args.findLast((arg) => arg.startsWith(prefix))?.slice(prefix.length) ?? null;
}
