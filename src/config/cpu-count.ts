/**
 * How many CPUs this process may use: the scheduler's affinity, cut to the CPU quota of the
 * control groups it is in (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), so that pools are sized for the
 * container and not for the host. The file reader is injected; usableCpus() reads the real one.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { CGROUP, controlGroups, MOUNTINFO } from './cgroups.js';

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
  const groups = controlGroups(readText(MOUNTINFO) ?? '', readText(CGROUP) ?? '', 'cpu');
  const quotas = groups.map(({ kind, folder }) =>
    kind === 'v2' ? quotaV2(folder, readText) : quotaV1(folder, readText),
  );
  return Math.max(1, Math.ceil(Math.min(affinityCpus, ...quotas)));
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

function readTextOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
