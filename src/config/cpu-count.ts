/**
 * How many CPUs this process may use: the scheduler's affinity, cut to the CPU quota of the
 * control groups it is in (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), so that pools are sized for the
 * container and not for the host. The file reader is injected; usableCpus() reads the real one.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/** The text of a file, or null when it cannot be read. */
export type TextReader = (path: string) => string | null;

/** THREAD: any; blocks for a few small reads below /proc and /sys. */
export function usableCpus(): number {
  return cpusWithin(availableParallelism(), readTextOrNull);
}

/**
 * The smaller of `affinityCpus` and the tightest quota on the way from this process's group up to
 * the mount point, rounded up to whole CPUs; at least 1.
 */
export function cpusWithin(affinityCpus: number, readText: TextReader): number {
  const quotas = cgroupFolders(readText).flatMap(({ kind, folder, mountPoint }) =>
    foldersUpTo(folder, mountPoint).map((path) =>
      kind === 'v2' ? quotaV2(path, readText) : quotaV1(path, readText),
    ),
  );
  return Math.max(1, Math.ceil(Math.min(affinityCpus, ...quotas)));
}

interface CgroupFolder {
  readonly kind: 'v1' | 'v2';
  readonly folder: string;
  readonly mountPoint: string;
}

interface CgroupMount {
  readonly kind: 'v1' | 'v2';
  /** The part of the hierarchy that is mounted: a group's path, `/` for all of it. */
  readonly root: string;
  readonly mountPoint: string;
}

/** Where this process's groups with a CPU controller are to be found in the file system. */
function cgroupFolders(readText: TextReader): CgroupFolder[] {
  const mounts = cgroupMounts(readText('/proc/self/mountinfo') ?? '');
  const found: CgroupFolder[] = [];
  for (const line of (readText('/proc/self/cgroup') ?? '').split('\n')) {
    // "hierarchy:controllers:path"; hierarchy 0 without controllers is v2.
    const [hierarchy, controllers, ...rest] = line.split(':');
    const group = rest.join(':');
    if (controllers === undefined || !group.startsWith('/')) continue;
    const isV2 = hierarchy === '0' && controllers === '';
    if (!isV2 && !controllers.split(',').includes('cpu')) continue;
    const kind = isV2 ? 'v2' : 'v1';
    for (const mount of mounts.filter((candidate) => candidate.kind === kind)) {
      const { mountPoint } = mount;
      found.push({ kind, mountPoint, folder: mountPoint + belowRoot(group, mount.root) });
    }
  }
  return found;
}

/**
 * A group's path relative to the mounted part, empty for the mounted group itself. A container may see its own group's host path
 * while only that group is mounted, or, from outside its namespace, a path that climbs out; then
 * the mount point itself is the nearest group that can be read.
 */
function belowRoot(group: string, root: string): string {
  if (group === '/' || group.split('/').includes('..')) return '';
  if (root === '/') return group;
  return group.startsWith(`${root}/`) ? group.slice(root.length) : '';
}

/** The control-group mounts of a /proc/self/mountinfo text that can carry a CPU quota. */
function cgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split('\n')) {
    // "id parent major:minor root mountPoint options [tags...] - type source superOptions"
    const [mountPart, typePart] = line.split(' - ');
    const [, , , root, mountPoint] = (mountPart ?? '').split(' ');
    const [type, , superOptions] = (typePart ?? '').split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    const place = { root: unescapeOctal(root), mountPoint: unescapeOctal(mountPoint) };
    if (type === 'cgroup2') {
      mounts.push({ kind: 'v2', ...place });
    } else if (type === 'cgroup' && (superOptions ?? '').split(',').includes('cpu')) {
      mounts.push({ kind: 'v1', ...place });
    }
  }
  return mounts;
}

/** `folder` and its parents, down to and including `top`. */
function foldersUpTo(folder: string, top: string): string[] {
  const folders = [folder];
  for (let path = folder; path !== top && path !== '/';) {
    path = posix.dirname(path);
    folders.push(path);
  }
  return folders;
}

/** "max 100000" or "150000 100000". UNITS: CPUs; Infinity for no limit or no such file. */
function quotaV2(folder: string, readText: TextReader): number {
  const [quota, period] = (readText(`${folder}/cpu.max`) ?? '').trim().split(/\s+/);
  return ratio(Number(quota), Number(period));
}

/** A quota of -1 means no limit. UNITS: CPUs. */
function quotaV1(folder: string, readText: TextReader): number {
  const quota = Number(readText(`${folder}/cpu.cfs_quota_us`) ?? NaN);
  const period = Number(readText(`${folder}/cpu.cfs_period_us`) ?? NaN);
  return ratio(quota, period);
}

function ratio(quota: number, period: number): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

/** Blanks and backslashes in mountinfo's paths are written as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function readTextOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
