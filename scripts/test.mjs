/**
 * npm test: sets everything up, runs every test, and ends with one line: N passed, N failed[, N skipped].
 *   npm test -- --only=unit,native    some of the sections; an unknown one lists them
 * Fuzz targets run TENSORGATE_FUZZ_SECONDS (10) each and count as one test.
 */
import { exitWith, setup } from './setup.mjs';
import { endChildrenOnSignals, seconds } from './setup/progress.mjs';
import { fuzzSection } from './testing/fuzz.mjs';
import { interopSection } from './testing/interop.mjs';
import { mochaSection, mochaSections } from './testing/mocha.mjs';
import { nativeSection } from './testing/native.mjs';
import { Tally } from './testing/tally.mjs';
import { zooSection } from './testing/zoo.mjs';

/** @typedef {(tally: Tally) => Promise<void>} Section */

/** Need neither the addon nor TypeScript. @type {Record<string, Section>} */
const NATIVE = {
  native: (tally) => nativeSection('native', tally),
  asan: (tally) => nativeSection('asan', tally),
  tsan: (tally) => nativeSection('tsan', tally),
  fuzz: fuzzSection,
};

/** @returns {Record<string, Section>} in the order they run */
function allSections() {
  const mocha = mochaSections().map((name) => [
    name,
    (/** @type {Tally} */ tally) => mochaSection(name, tally),
  ]);
  return { ...NATIVE, ...Object.fromEntries(mocha), interop: interopSection, zoo: zooSection };
}

/** @returns {string[] | undefined} */
function wantedNames() {
  const only = process.argv.slice(2).find((arg) => arg.startsWith('--only='));
  return only?.slice('--only='.length).split(',');
}

const start = Date.now();
const tally = new Tally();
const only = wantedNames();
try {
  const nativeOnly = only?.every((name) => name in NATIVE);
  process.env.TENSORGATE_ADDON = await setup({
    tests: true,
    scope: nativeOnly ? 'libtensorflow' : 'all',
  });
} catch (error) {
  exitWith(error);
}
endChildrenOnSignals();
const sections = allSections();
for (const name of only ?? Object.keys(sections)) {
  const run = sections[name];
  if (!run) exitWith(`no section ${name}; there are ${Object.keys(sections).join(', ')}`);
  console.log(`\n=== ${name}`);
  try {
    await run(tally);
  } catch (error) {
    tally.fail(name, error instanceof Error ? error.message : String(error));
  }
}
console.log(`\nin ${seconds(start)}`);
if (tally.passed + tally.failed === 0) tally.fail('npm test', 'no test ran');
console.log(String(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;
