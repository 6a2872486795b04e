/** The volumes of a pod as a kubelet lays them out on its node: owners, modes, and how a ConfigMap changes. */
import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Labels, PodSpec, Volume } from './manifests.js';

const SETGID_WRITABLE = 0o2775;
const READABLE = 0o644;

export class KubeletVolumes {
  readonly #folder: string;
  readonly #group: number;
  #changes = 0;

  /** OWNERSHIP: the folder stays its maker's. Needs root, since files belong to the pod's fsGroup. */
  constructor(folder: string, { securityContext }: PodSpec) {
    this.#folder = folder;
    this.#group = Number(securityContext['fsGroup'] ?? 0);
  }

  /** Where the volume is on the node; those of ConfigMaps and Secrets have these files. */
  make(volume: Volume, files: ReadonlyMap<string, Labels>): string {
    const { name, hostPath, configMap, secret } = volume;
    if (hostPath !== undefined) return hostPath.path;
    const path = join(this.#folder, name);
    mkdirSync(path);
    chownSync(path, 0, this.#group);
    chmodSync(path, SETGID_WRITABLE);
    const source = configMap?.name ?? secret?.secretName;
    if (source !== undefined) {
      const found = files.get(source);
      if (found === undefined) throw new Error(`there is no ConfigMap or Secret ${source}`);
      this.write(name, found, secret?.defaultMode);
      for (const file of Object.keys(found)) symlinkSync(join('..data', file), join(path, file));
    }
    return path;
  }

  /** All files change at once: they lie behind one link that is replaced. */
  write(volume: string, files: Labels, mode = READABLE): void {
    const path = join(this.#folder, volume);
    const version = `..version_${++this.#changes}`;
    mkdirSync(join(path, version));
    chmodSync(join(path, version), 0o755);
    for (const [name, text] of Object.entries(files)) {
      const file = join(path, version, name);
      writeFileSync(file, text);
      chownSync(file, 0, this.#group);
      chmodSync(file, mode);
    }
    symlinkSync(version, join(path, '..data_new'));
    renameSync(join(path, '..data_new'), join(path, '..data'));
  }
}
