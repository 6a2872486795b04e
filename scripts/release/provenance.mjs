/** What a release was made from, and with: enough to make it again and compare. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FLOOR } from '../package/floor.mjs';
import { own } from '../package/manifests.mjs';
import { packageRoot } from '../setup/layout.mjs';

/** Each pins, with a hash or a version, something that is fetched. */
const PINS = [
  'package-lock.json',
  'scripts/libtensorflow.sha256',
  'scripts/openvino.sha256',
  'scripts/ops.sha256',
  'scripts/cuda-libs.txt',
  'scripts/package/requirements.txt',
];

/** @param {string} command @param {...string} args @returns {string} what it prints, less its last line's end */
function printed(command, ...args) {
  const { stdout } = spawnSync(command, args, { cwd: packageRoot, encoding: 'utf8' });
  return (stdout ?? '').replace(/\n$/, '');
}

/** @param {string[]} platforms */
export function provenance(platforms) {
  const hash = (/** @type {string} */ file) =>
    createHash('sha256')
      .update(readFileSync(join(packageRoot, file)))
      .digest('hex');
  const changed = printed('git', 'status', '--porcelain').split('\n').filter(Boolean);
  const compiler = readFileSync(join(packageRoot, 'scripts/package/requirements.txt'), 'utf8');
  return {
    name: own.name,
    version: own.version,
    platforms,
    source: {
      commit: printed('git', 'rev-parse', 'HEAD'),
      time: printed('git', 'log', '-1', '--format=%cI'),
      changed: changed.map((line) => line.slice(3)),
    },
    tools: {
      node: process.versions.node,
      npm: printed('npm', '--version'),
      cmake: /version (\S+)/.exec(printed('cmake', '--version'))?.[1],
      compiler: /^ziglang==.*$/m.exec(compiler)?.[0],
      system: printed('uname', '-srm'),
    },
    floor: FLOOR,
    inputs: Object.fromEntries(PINS.map((file) => [file, hash(file)])),
  };
}
