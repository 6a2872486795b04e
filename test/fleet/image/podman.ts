/** Podman as it runs without systemd, within another container too: as root, in the host's network, with runc. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { find } from '../../clients/programs.js';
import { freePort } from '../../wire/server-process.js';

const CONFIGURATION = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
`;
const COMMAND_MILLIS = 120_000;
const LARGEST_OUTPUT = 64 << 20;
const execute = promisify(execFile);

/** What each test gets removed again. */
const folder = mkdtempSync(join(tmpdir(), 'tensorgate-image-'));
export const removePodmanFiles = (): void => rmSync(folder, { recursive: true, force: true });

/** Of podman and buildah. */
export function engineEnvironment(): NodeJS.ProcessEnv {
  const configuration = join(folder, 'containers.conf');
  mkdirSync(folder, { recursive: true }); // another file's tests may have removed theirs
  writeFileSync(configuration, CONFIGURATION);
  return { ...process.env, CONTAINERS_CONF: configuration, BUILDAH_ISOLATION: 'chroot' };
}

/** Standard output of `podman ARGS`. Fails with what it printed. */
export async function podman(...args: string[]): Promise<string> {
  const { stdout } = await execute('podman', args, {
    env: engineEnvironment(),
    timeout: COMMAND_MILLIS,
    maxBuffer: LARGEST_OUTPUT,
  });
  return stdout.trim();
}

/** What a container has written. */
export async function logsOf(container: string): Promise<string> {
  const { stdout, stderr } = await execute('podman', ['logs', container], {
    env: engineEnvironment(),
  });
  return stdout + stderr;
}

/** Why no container can be run here; null where one can. */
export async function whyNoContainers(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const program of ['podman', 'buildah', 'runc', 'debootstrap']) {
    if (find(program) === null) return `there is no ${program}`;
  }
  try {
    // This system's own files, with what is written put beside them.
    await podman('run', '--rm', '--network=host', '--rootfs', '/:O', '/bin/true');
    return null;
  } catch (error) {
    return `podman cannot run a container: ${String(error).trim().split('\n').at(-1)}`;
  }
}

export interface ContainerOptions {
  /** Of podman run. */
  readonly options?: readonly string[];
  /** After the image's name. REQUIRES none about ports. */
  readonly flags?: readonly string[];
}

/** A container with a server in it, on ports of its own. */
export class Container {
  readonly name: string;
  readonly grpcPort: number;
  readonly restPort: number;

  private constructor(name: string, grpcPort: number, restPort: number) {
    this.name = name;
    this.grpcPort = grpcPort;
    this.restPort = restPort;
  }

  static async create(image: string, options: ContainerOptions = {}): Promise<Container> {
    const [grpcPort, restPort] = [await freePort(), await freePort()];
    const container = new Container(`tensorgate-${restPort}`, grpcPort, restPort);
    await podman(
      ...['run', '--detach', '--network=host', `--name=${container.name}`],
      ...(options.options ?? []),
      ...[image, `--port=${grpcPort}`, `--rest_api_port=${restPort}`],
      ...(options.flags ?? []),
    );
    return container;
  }

  /** Resolves when it serves. */
  static async start(image: string, options: ContainerOptions = {}): Promise<Container> {
    const container = await Container.create(image, options);
    await container.untilLogged('"msg":"serving"');
    return container;
  }

  async untilLogged(text: string): Promise<void> {
    while (!(await this.log()).includes(text)) {
      if ((await this.#inspect('{{.State.Running}}')) !== 'true') {
        throw new Error(`it ended before ${text}:\n${await this.log()}`);
      }
    }
  }

  log(): Promise<string> {
    return logsOf(this.name);
  }

  /** What a command in it printed. */
  run(...command: string[]): Promise<string> {
    return podman('exec', this.name, ...command);
  }

  /** As Kubernetes and users stop it: SIGTERM, and only after that SIGKILL. Returns its exit status. */
  async stop(): Promise<number> {
    await podman('stop', '--time=30', this.name);
    return this.exitStatus();
  }

  /** Once it has ended by itself, or was stopped. */
  async exitStatus(): Promise<number> {
    return Number(await podman('wait', this.name));
  }

  /** 0: healthy, 1: not, as the image's HEALTHCHECK has it. Without systemd podman has no timers to ask by itself. */
  async health(): Promise<number> {
    return execute('podman', ['healthcheck', 'run', this.name], { env: engineEnvironment() }).then(
      () => 0,
      (error: unknown) => (error as { code: number }).code,
    );
  }

  /** Whether it runs or not, or is not there. */
  async remove(): Promise<void> {
    await podman('stop', '--ignore', '--time=10', this.name);
    await podman('rm', '--ignore', this.name);
  }

  #inspect(format: string): Promise<string> {
    return podman('inspect', `--format=${format}`, this.name);
  }
}
