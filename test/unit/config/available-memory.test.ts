/** Available memory on fake /proc and cgroup trees. */
import assert from 'node:assert/strict';
import {
  availableMemory,
  memoryWithin,
  type AvailableMemory,
} from '../../../src/config/available-memory.js';

const V2_MOUNT = '30 23 0:26 / /cg rw shared:4 - cgroup2 cgroup2 rw';
const V1_MOUNT = '33 31 0:29 / /cg/memory rw - cgroup cgroup rw,memory';
const MEMINFO = 'MemTotal:  16000 kB\nMemFree:  100 kB\nMemAvailable:    1000 kB\n';

function memory(files: Record<string, string>): Promise<AvailableMemory> {
  return memoryWithin((path) => Promise.resolve(files[path] ?? null));
}

function v2(groups: Record<string, string>): Promise<AvailableMemory> {
  return memory({
    '/proc/meminfo': MEMINFO,
    '/proc/self/mountinfo': V2_MOUNT,
    '/proc/self/cgroup': '0::/pod/app\n',
    ...groups,
  });
}

describe('memoryWithin', () => {
  it('is MemAvailable where there are no control groups', async () => {
    const { bytes, source } = await memory({ '/proc/meminfo': MEMINFO });
    assert.deepEqual([bytes, source], [1000 * 1024, '/proc/meminfo']);
  });

  it('is unlimited where nothing says', async () => {
    assert.equal((await memory({})).bytes, Infinity);
  });

  it('takes what a v2 group leaves, with the file cache it would give up', async () => {
    const found = await v2({
      '/cg/pod/app/memory.max': '500000\n',
      '/cg/pod/app/memory.current': '400000\n',
      '/cg/pod/app/memory.stat': 'anon 1\nactive_file 7\ninactive_file 50000\n',
    });
    assert.deepEqual(found, { bytes: 150_000, source: 'control group /cg/pod/app' });
  });

  it('takes the tightest group on the way up, and never less than nothing', async () => {
    const app = { '/cg/pod/app/memory.max': 'max\n', '/cg/pod/app/memory.current': '3000\n' };
    const pod = { '/cg/pod/memory.max': '2000\n', '/cg/pod/memory.current': '3000\n' };
    assert.deepEqual(await v2({ ...app, ...pod }), { bytes: 0, source: 'control group /cg/pod' });
  });

  it('takes max, and text that is no number, for no limit', async () => {
    for (const limit of ['max', '', '-1', 'x']) {
      const found = await v2({
        '/cg/pod/app/memory.max': limit,
        '/cg/pod/app/memory.current': '1',
      });
      assert.equal(found.source, '/proc/meminfo', limit);
    }
  });

  it('keeps to MemAvailable where a group leaves more', async () => {
    const found = await v2({
      '/cg/pod/app/memory.max': '9000000\n',
      '/cg/pod/app/memory.current': '1\n',
    });
    assert.equal(found.source, '/proc/meminfo');
  });

  it('reads v1, with the totals that count the groups below', async () => {
    const found = await memory({
      '/proc/meminfo': MEMINFO,
      '/proc/self/mountinfo': V1_MOUNT,
      '/proc/self/cgroup': '8:pids:/other\n4:memory:/app\n0::/\n',
      '/cg/memory/app/memory.limit_in_bytes': '500000\n',
      '/cg/memory/app/memory.usage_in_bytes': '400000\n',
      '/cg/memory/app/memory.stat': 'inactive_file 1\ntotal_inactive_file 20000\n',
      '/cg/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/cg/memory/memory.usage_in_bytes': '1\n',
    });
    assert.deepEqual(found, { bytes: 120_000, source: 'control group /cg/memory/app' });
  });
});

describe('availableMemory', () => {
  it('is a number of bytes on this machine', async () => {
    assert.ok((await availableMemory()).bytes > 0);
  });
});
