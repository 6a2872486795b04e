/** A pod as `podman kube play` runs it, on a machine without a cluster, asked as a kubelet would. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getOverTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { IS_WHOLE } from '../harness.js';
import { buildImage, IMAGE } from '../image/built.js';
import { logsOf, podman, whyNoContainers } from '../image/podman.js';
import { KubeletVolumes } from './kubelet-volumes.js';
import type { Container, Labels, PodSpec, Probe } from './manifests.js';
import { Missing } from './modules.js';

/** Of a start: TensorFlow alone is 300 MB to read. */
const MOST_MILLIS = 600_000;
const CATATONIT = ['/usr/bin/catatonit', '/usr/libexec/podman/catatonit'];

/** Where the port of a container is on this machine. */
export type Ports = ReadonlyMap<number, number>;

/** The image, where podman can run pods. It is built if need be; the tests of images build it anew. */
export async function findImage(): Promise<string | Missing> {
  if (!IS_WHOLE) return new Missing('pods run in npm run fleet -- --only=kubernetes');
  const reason = await whyNoContainers();
  if (reason !== null) return new Missing(reason);
  if (!CATATONIT.some(existsSync))
    return new Missing('there is no catatonit, which pods begin with');
  const isThere = await podman('image', 'exists', IMAGE).then(
    () => true,
    () => false,
  );
  if (!isThere) await buildImage();
  return IMAGE;
}

export class Pod {
  readonly volumes: KubeletVolumes;
  readonly #name: string;
  readonly #folder: string;
  readonly #spec: PodSpec;
  readonly #ports: Ports;

  /** With the texts of its ConfigMaps and Secrets. */
  constructor(
    name: string,
    { spec, ports, files }: { spec: PodSpec; ports: Ports; files: ReadonlyMap<string, Labels> },
  ) {
    this.#name = name;
    this.#folder = mkdtempSync(join(tmpdir(), 'tensorgate-pod-'));
    chmodSync(this.#folder, 0o755); // the server is another user
    this.#spec = spec;
    this.#ports = ports;
    this.volumes = new KubeletVolumes(this.#folder, spec);
    const container = (each: Container): object => ({
      ...each,
      // Podman's own run curl in the container, by timers of systemd.
      ...{ startupProbe: undefined, readinessProbe: undefined, livenessProbe: undefined },
    });
    const published = [...ports].map(([containerPort, hostPort]) => ({
      ...{ containerPort, hostPort, hostIP: '127.0.0.1' },
    }));
    // By itself podman removes init containers when they have run, and now and then fails to.
    const annotations = { 'io.podman.annotations.init.container.type': 'always' };
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: { name, labels: { app: name }, annotations },
      spec: {
        ...spec,
        // Podman has the pod's policy for init containers, too, and starts one that has ended again and again.
        restartPolicy: 'Never',
        containers: spec.containers.map((each) => ({ ...container(each), ports: published })),
        initContainers: spec.initContainers?.map(container),
        volumes: spec.volumes.map((each) => ({
          ...{ name: each.name, hostPath: { path: this.volumes.make(each, files) } },
        })),
      },
    };
    writeFileSync(this.#manifest, JSON.stringify(pod));
  }

  get #manifest(): string {
    return join(this.#folder, 'pod.yaml');
  }

  get #container(): string {
    return `${this.#name}-${this.#spec.containers[0]?.name ?? ''}`;
  }

  async start(): Promise<void> {
    await podman('kube', 'play', this.#manifest);
  }

  /** What its server has written. */
  logs(): Promise<string> {
    return logsOf(this.#container);
  }

  /**
   * Asks as the kubelet does: GET, certificates are not verified, 200 to 399 is success. The status; 0 without an
   * answer in time.
   */
  probe({ httpGet, timeoutSeconds }: Probe, container: Container): Promise<number> {
    const { path, port, scheme } = httpGet;
    const named = container.ports?.find(({ name }) => name === port)?.containerPort;
    const hostPort = this.#ports.get(named ?? Number(port));
    assert.ok(hostPort !== undefined, `no port ${port}`);
    const get = scheme === 'HTTPS' ? getOverTls : getPlain;
    const headers = { 'User-Agent': 'kube-probe/1.35', Accept: '*/*', Connection: 'close' };
    const options = { host: '127.0.0.1', port: hostPort, path, headers, rejectUnauthorized: false };
    return new Promise((resolve) => {
      const request = get({ ...options, timeout: timeoutSeconds * 1000 }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('timeout', () => request.destroy()).on('error', () => resolve(0));
    });
  }

  /** Until it succeeds; fails with the log after ten minutes. */
  async untilStarted(probe: Probe, container: Container): Promise<void> {
    const giveUp = Date.now() + MOST_MILLIS;
    while ((await this.probe(probe, container)) !== 200) {
      assert.ok(Date.now() < giveUp, `it does not start:\n${await this.logs()}`);
      await delay(100);
    }
  }

  /** SIGTERM, and SIGKILL when its grace is over. The exit code of its server. */
  async stop(): Promise<number> {
    const { terminationGracePeriodSeconds } = this.#spec;
    // Not the pod as a whole: podman would take its network away beside it, a kubelet does that last.
    await podman('stop', `--time=${terminationGracePeriodSeconds}`, this.#container);
    return Number(await podman('inspect', '--format', '{{.State.ExitCode}}', this.#container));
  }

  async remove(): Promise<void> {
    await podman('pod', 'rm', '--force', '--ignore', this.#name);
    rmSync(this.#folder, { recursive: true });
  }
}
