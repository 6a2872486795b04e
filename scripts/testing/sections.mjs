/**
 * The sections of npm test by name. Each runs in a process of its own, so that sections can run side by side with
 * their output apart:
 *   node scripts/testing/sections.mjs NAME REPORT.json
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endChildrenOnSignals } from '../setup/progress.mjs';
import { fuzzSection } from './fuzz.mjs';
import { interopSection } from './interop.mjs';
import { mochaSection, mochaSections } from './mocha.mjs';
import { nativeSection } from './native.mjs';
import { Tally } from './tally.mjs';
import { zooSection } from './zoo.mjs';

/** @typedef {(tally: Tally) => Promise<void>} Section */

/** @type {Record<string, Section>} */
const NATIVE = {
  native: (tally) => nativeSection('native', tally),
  asan: (tally) => nativeSection('asan', tally),
  tsan: (tally) => nativeSection('tsan', tally),
  fuzz: fuzzSection,
};

/** Measures latencies and memory, so it runs alone, when the others are through. */
const ALONE = 'live';

/**
 * Sections that share a folder of build/ run one after the other. The long ones come first, so that none is left
 * to run by itself at the end; what is not listed comes last.
 */
const CHAINS = [
  ['wire'],
  ['asan', 'fuzz'],
  ['interop', 'zoo'],
  ['transports'],
  ['server'],
  ['fleet'],
  ['tsan'],
  ['package'],
  ['native'],
];

/** Need neither the addon nor TypeScript. */
export const BARE = ['asan', 'tsan', 'fuzz'];

/** @returns {Record<string, Section>} */
function allSections() {
  const mocha = mochaSections().map((name) => [
    name,
    (/** @type {Tally} */ tally) => mochaSection(name, tally),
  ]);
  const python = { interop: interopSection, zoo: zooSection };
  return { ...NATIVE, ...Object.fromEntries(mocha), ...python };
}

export const sectionNames = () => Object.keys(allSections());

/**
 * @param {readonly string[]} names
 * @returns {{together: string[][], alone: string[]}} chains that may run side by side, then sections that may not
 */
export function planOf(names) {
  const rest = names.filter((name) => name !== ALONE && !CHAINS.flat().includes(name));
  const together = [...CHAINS, ...rest.map((name) => [name])]
    .map((chain) => chain.filter((name) => names.includes(name)))
    .filter((chain) => chain.length > 0);
  return { together, alone: names.filter((name) => name === ALONE) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, report] = process.argv.slice(2);
  endChildrenOnSignals();
  const tally = new Tally();
  try {
    await allSections()[name](tally);
  } catch (error) {
    tally.fail(name, error instanceof Error ? error.message : String(error));
  }
  writeFileSync(report, JSON.stringify(tally));
}
