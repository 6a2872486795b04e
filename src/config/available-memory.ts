/**
 * How much more memory this process may take: the smaller of what the system has (MemAvailable) and
 * what its control groups leave (limit − usage + file cache that the kernel would give up first; v2
 * and v1). The file reader is injected; availableMemory() reads the real files.
 */
import { readFile } from 'node:fs/promises';

import { CGROUP, controlGroups, MOUNTINFO, type ControlGroup } from './cgroups.js';

/** The text of a file, or null when it cannot be read. */
export type AsyncTextReader = (path: string) => Promise<string | null>;

export interface AvailableMemory {
  /** Infinity where nothing says. */
  readonly bytes: number;
  /** What says so, for people. */
  readonly source: string;
}

const MEMINFO = '/proc/meminfo';

/** THREAD: any; the reads are asynchronous. */
export function availableMemory(): Promise<AvailableMemory> {
  return memoryWithin(readTextOrNull);
}

export async function memoryWithin(readText: AsyncTextReader): Promise<AvailableMemory> {
  const mountinfo = (await readText(MOUNTINFO)) ?? '';
  const cgroup = (await readText(CGROUP)) ?? '';
  let least = { bytes: memAvailable((await readText(MEMINFO)) ?? ''), source: MEMINFO };
  for (const group of controlGroups(mountinfo, cgroup, 'memory')) {
    const bytes = await headroom(group, readText);
    if (bytes < least.bytes) least = { bytes, source: `control group ${group.folder}` };
  }
  return least;
}

function memAvailable(meminfo: string): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo);
  return kibibytes === null ? Infinity : Number(kibibytes[1]) * 1024;
}

/** Infinity for no limit, or no such files. A v1 group without a limit has one of almost 2⁶³. */
async function headroom(group: ControlGroup, readText: AsyncTextReader): Promise<number> {
  const isV2 = group.kind === 'v2';
  const number = async (file: string): Promise<number> =>
    bytesIn(await readText(`${group.folder}/${file}`));
  const limit = await number(isV2 ? 'memory.max' : 'memory.limit_in_bytes');
  const usage = await number(isV2 ? 'memory.current' : 'memory.usage_in_bytes');
  if (Number.isNaN(limit) || Number.isNaN(usage)) return Infinity;
  const stat = (await readText(`${group.folder}/memory.stat`)) ?? '';
  // v1 counts the groups below only in the total_ lines, v2 always.
  const cache = (isV2 ? /^inactive_file (\d+)$/m : /^total_inactive_file (\d+)$/m).exec(stat);
  return Math.max(0, limit - usage + Number(cache?.[1] ?? 0));
}

/** NaN for "max", for other text and for none. */
function bytesIn(text: string | null): number {
  const digits = /^\d+$/.exec(text?.trim() ?? '');
  return digits === null ? NaN : Number(digits[0]);
}

async function readTextOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
