/**
 * Where the control groups of this process are in the file system: v2's, and v1's of one controller.
 * Works on the texts of two files of /proc/self; reads nothing itself. Any thread.
 */
import { posix } from 'node:path';

export const MOUNTINFO = '/proc/self/mountinfo';
export const CGROUP = '/proc/self/cgroup';

export interface ControlGroup {
  readonly kind: 'v1' | 'v2';
  /** Where its files are. */
  readonly folder: string;
}

interface CgroupMount {
  readonly kind: 'v1' | 'v2';
  /** The part of the hierarchy that is mounted: a group's path, `/` for all of it. */
  readonly root: string;
  readonly mountPoint: string;
}

/**
 * This process's groups with `controller`, and those above them up to the mount point, whose limits
 * hold as well. `mountinfo` and `cgroup` are the texts of MOUNTINFO and CGROUP.
 */
export function controlGroups(
  mountinfo: string,
  cgroup: string,
  controller: string,
): ControlGroup[] {
  const mounts = cgroupMounts(mountinfo, controller);
  const found: ControlGroup[] = [];
  for (const line of cgroup.split('\n')) {
    // "hierarchy:controllers:path"; hierarchy 0 without controllers is v2.
    const [hierarchy, controllers, ...rest] = line.split(':');
    const group = rest.join(':');
    if (controllers === undefined || !group.startsWith('/')) continue;
    const isV2 = hierarchy === '0' && controllers === '';
    if (!isV2 && !controllers.split(',').includes(controller)) continue;
    const kind = isV2 ? 'v2' : 'v1';
    for (const { mountPoint, root } of mounts.filter((candidate) => candidate.kind === kind)) {
      for (const folder of foldersUpTo(mountPoint + belowRoot(group, root), mountPoint)) {
        found.push({ kind, folder });
      }
    }
  }
  return found;
}

/**
 * A group's path relative to the mounted part, empty for the mounted group itself. A container
 * may see its own group's host path while only that group is mounted, or, from outside its
 * namespace, a path that climbs out; then the mount point itself is the nearest group that can be
 * read.
 */
function belowRoot(group: string, root: string): string {
  if (group === '/' || group.split('/').includes('..')) return '';
  if (root === '/') return group;
  return group.startsWith(`${root}/`) ? group.slice(root.length) : '';
}

/** The control-group mounts of a /proc/self/mountinfo text: v2's, and v1's of `controller`. */
function cgroupMounts(mountinfo: string, controller: string): CgroupMount[] {
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
    } else if (type === 'cgroup' && (superOptions ?? '').split(',').includes(controller)) {
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

/** Blanks and backslashes in mountinfo's paths are written as three octal digits. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
