/**
 * What a library asks of the system that it runs on: the versions of glibc's and the C++ library's symbols.
 *   node scripts/package/floor.mjs FILE...   exit status 1 where one asks for more than the floor
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atLeast } from '../setup/prerequisites.mjs';
import { exitWith } from '../setup.mjs';

/** What RHEL 8 has, and Node.js 20 itself asks for: GCC 8's libraries. */
export const FLOOR = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11', GCC: '8.0.0' };

/** @typedef {{library: string, version: string, symbol: string}} Need e.g. GLIBC, 2.34, dlopen */

/** @param {string} file @returns {Need[]} the symbols that it takes from elsewhere, with a version */
export function needsOf(file) {
  const { status, stdout, stderr } = spawnSync('readelf', ['--dyn-syms', '--wide', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`readelf cannot read ${file}: ${stderr}`);
  return [...stdout.matchAll(/ UND (\S+?)@+([A-Z]+)_([\d.]+)/g)].map(
    ([, symbol = '', library = '', version = '']) => ({ library, version, symbol }),
  );
}

/** @param {readonly Need[]} needs @returns {Map<string, string>} the highest version of each library */
export function highest(needs) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const { library, version } of needs) {
    if (atLeast(version, found.get(library) ?? '0')) found.set(library, version);
  }
  return found;
}

/** @param {readonly Need[]} needs @returns {Need[]} */
export function aboveFloor(needs) {
  return needs.filter(({ library, version }) => {
    const floor = /** @type {Record<string, string>} */ (FLOOR)[library];
    return floor !== undefined && !atLeast(floor, version);
  });
}

/** @param {readonly Need[]} needs e.g. "GLIBC_2.34: dlopen, dlsym" */
export function describeNeeds(needs) {
  /** @type {Map<string, string[]>} */
  const byVersion = new Map();
  for (const { library, version, symbol } of needs) {
    const name = `${library}_${version}`;
    byVersion.set(name, [...(byVersion.get(name) ?? []), symbol]);
  }
  return [...byVersion].map(([name, symbols]) => `${name}: ${symbols.join(', ')}`).join('; ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) {
    try {
      const needs = needsOf(file);
      const above = aboveFloor(needs);
      const all = [...highest(needs)].map((pair) => pair.join(' ')).join(', ') || 'nothing';
      console.log(
        `${file}: needs ${all}${above.length ? `; above the floor: ${describeNeeds(above)}` : ''}`,
      );
      if (above.length > 0) process.exitCode = 1;
    } catch (error) {
      exitWith(error);
    }
  }
}
