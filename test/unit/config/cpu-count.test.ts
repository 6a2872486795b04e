/** CPU counting on fake /proc and /sys trees: affinity, cgroup v2 and v1 quotas. */
import assert from 'node:assert/strict';
import { cpusWithin, usableCpus } from '../../../src/config/cpu-count.js';

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const V1_MOUNT = '33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct';

function cpus(affinityCpus: number, files: Record<string, string>): number {
  return cpusWithin(affinityCpus, (path) => files[path] ?? null);
}

/** A machine whose process is in v2 group `group`, with the given files below /sys/fs/cgroup. */
function v2(group: string, quotas: Record<string, string>, mount = V2_MOUNT): number {
  const files: Record<string, string> = {
    '/proc/self/mountinfo': `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n${mount}\n`,
    '/proc/self/cgroup': `0::${group}\n`,
  };
  for (const [path, text] of Object.entries(quotas)) files[`/sys/fs/cgroup${path}`] = text;
  return cpus(16, files);
}

function v1(group: string, quotas: Record<string, string>, mount = V1_MOUNT): number {
  const files: Record<string, string> = {
    '/proc/self/mountinfo': `${mount}\n`,
    '/proc/self/cgroup': `5:memory:/elsewhere\n4:cpu,cpuacct:${group}\n0::/\n`,
  };
  for (const [path, text] of Object.entries(quotas)) {
    files[`/sys/fs/cgroup/cpu,cpuacct${path}`] = text;
  }
  return cpus(16, files);
}

describe('cpusWithin', () => {
  it('is the affinity where there are no control groups', () => {
    assert.equal(cpus(6, {}), 6);
  });

  it('is at least 1', () => {
    assert.equal(cpus(0, {}), 1);
  });

  it('reads the v2 quota of its own group', () => {
    assert.equal(v2('/pod/app', { '/pod/app/cpu.max': '400000 100000\n' }), 4);
  });

  it('rounds a fraction of a CPU up', () => {
    assert.equal(v2('/a', { '/a/cpu.max': '150000 100000\n' }), 2);
    assert.equal(v2('/a', { '/a/cpu.max': '10000 100000\n' }), 1);
  });

  it('takes the tightest v2 quota on the way up', () => {
    const quotas = { '/pod/app/cpu.max': 'max 100000\n', '/pod/cpu.max': '300000 100000\n' };
    assert.equal(v2('/pod/app', quotas), 3);
    assert.equal(v2('/pod/app', { ...quotas, '/cpu.max': '50000 25000\n' }), 2);
  });

  it('never exceeds the affinity', () => {
    assert.equal(v2('/a', { '/a/cpu.max': '9900000 100000\n' }), 16);
  });

  it('takes max, and text that is no quota, for no limit', () => {
    assert.equal(v2('/a', { '/a/cpu.max': 'max 100000\n' }), 16);
    assert.equal(v2('/a', { '/a/cpu.max': '' }), 16);
    assert.equal(v2('/a', { '/a/cpu.max': '100000' }), 16);
    assert.equal(v2('/a', { '/a/cpu.max': '100000 0' }), 16);
  });

  it('reads the mount point inside a cgroup namespace', () => {
    assert.equal(v2('/', { '/cpu.max': '200000 100000\n' }), 2);
  });

  it('reads the mount point when only its own group is mounted', () => {
    const mount = V2_MOUNT.replace(' / /sys', ' /docker/abc /sys');
    assert.equal(v2('/docker/abc', { '/cpu.max': '200000 100000\n' }, mount), 2);
    assert.equal(v2('/docker/abc/sub', { '/sub/cpu.max': '100000 100000\n' }, mount), 1);
  });

  it('reads the mount point when its group lies outside the namespace', () => {
    assert.equal(v2('/../other', { '/cpu.max': '500000 100000\n' }), 5);
  });

  it('reads v1 quota and period', () => {
    const quotas = { '/app/cpu.cfs_quota_us': '250000\n', '/app/cpu.cfs_period_us': '100000\n' };
    assert.equal(v1('/app', quotas), 3);
  });

  it('takes the tightest v1 quota on the way up', () => {
    const quotas = {
      '/pod/app/cpu.cfs_quota_us': '-1\n',
      '/pod/app/cpu.cfs_period_us': '100000\n',
      '/pod/cpu.cfs_quota_us': '200000\n',
      '/pod/cpu.cfs_period_us': '100000\n',
    };
    assert.equal(v1('/pod/app', quotas), 2);
  });

  it('takes a v1 quota of -1 for no limit', () => {
    const quotas = { '/app/cpu.cfs_quota_us': '-1\n', '/app/cpu.cfs_period_us': '100000\n' };
    assert.equal(v1('/app', quotas), 16);
  });

  it('finds a mount point with a blank in its path', () => {
    const files = {
      '/proc/self/mountinfo': '30 23 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n',
      '/proc/self/cgroup': '0::/a\n',
      '/my groups/a/cpu.max': '100000 100000\n',
    };
    assert.equal(cpus(16, files), 1);
  });
});

describe('usableCpus', () => {
  it('is a whole number of at least 1 on this machine', () => {
    assert.ok(Number.isInteger(usableCpus()) && usableCpus() >= 1);
  });
});
