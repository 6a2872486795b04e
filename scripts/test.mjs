/**
 * npm test: sets everything up, runs every test, and ends with one line: N passed, N failed[, N skipped].
 *   npm test -- --only=unit,native    some of the sections; an unknown one lists them
 * Sections run side by side, one more than there are cores, since tests wait now and then; what a section prints
 * then comes when it ends.
 * Fuzz targets run TENSORGATE_FUZZ_SECONDS (10) each and count as one test.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { endChildrenOnSignals, runCollected, runShown, say, seconds } from './setup/progress.mjs';
import { BARE, planOf, sectionNames } from './testing/sections.mjs';
import { Tally } from './testing/tally.mjs';

const RUNNER = fileURLToPath(new URL('testing/sections.mjs', import.meta.url));
const HEARTBEAT_MS = 30_000;
const FIRST_PORT = 15_000;

/** @returns {string[] | undefined} */
function wantedNames() {
  const only = process.argv.slice(2).find((arg) => arg.startsWith('--only='));
  return only?.slice('--only='.length).split(',');
}

const start = Date.now();
const total = new Tally();
const only = wantedNames();
/** @type {string[]} */
const times = [];
/** Since when each runs. @type {Map<string, number>} */
const running = new Map();

/** Each section has a thousand ports, below those that the system hands out: FIRST-LAST. @param {string} name */
function portsOf(name) {
  const first = FIRST_PORT + 1000 * sectionNames().indexOf(name);
  return `${first}-${first + 999}`;
}

/** @param {string} name @param {boolean} shown as it comes, not when all of it is there */
async function runSection(name, shown) {
  const report = join(packageRoot, 'build', 'sections', `${name}.json`);
  mkdirSync(join(report, '..'), { recursive: true });
  rmSync(report, { force: true });
  const since = Date.now();
  running.set(name, since);
  const args = [RUNNER, name, report];
  const env = { ...process.env, TENSORGATE_TEST_PORTS: portsOf(name) };
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', 1, 2]);
  if (shown) console.log(`\n=== ${name}`);
  const { status, output } = shown
    ? { status: await runShown(process.execPath, args, { stdio, env }), output: '' }
    : await runCollected(process.execPath, args, { env });
  if (!shown) process.stdout.write(`\n=== ${name}\n${output}`);
  running.delete(name);
  const tally = new Tally();
  if (existsSync(report)) tally.add(JSON.parse(readFileSync(report, 'utf8')));
  else tally.fail(name, `ended with status ${status} before its tests were over`);
  total.add(tally.toJSON());
  times.push(`${seconds(since).padStart(10)}  ${name}: ${tally.counts()}`);
}

try {
  process.env.TENSORGATE_ADDON = await setup({
    tests: true,
    scope: only?.every((name) => BARE.includes(name)) ? 'libtensorflow' : 'all',
  });
} catch (error) {
  exitWith(error);
}
endChildrenOnSignals();
times.push(`${seconds(start).padStart(10)}  set-up`);
const known = sectionNames();
const unknown = only?.find((name) => !known.includes(name));
if (unknown) exitWith(`no section ${unknown}; there are ${known.join(', ')}`);
const beat = setInterval(() => {
  const all = [...running].map(([name, since]) => `${name} (${seconds(since)})`);
  if (all.length > 1) say(`running ${all.join(', ')}`);
}, HEARTBEAT_MS);
const { together, alone } = planOf(only ?? known);
const shown = together.length === 1;
const runChains = async () => {
  for (let chain = together.shift(); chain; chain = together.shift()) {
    for (const name of chain) await runSection(name, shown);
  }
};
await Promise.all(Array.from({ length: availableParallelism() + 1 }, runChains));
for (const name of alone) await runSection(name, true);
clearInterval(beat);
console.log(`\n${times.join('\n')}\n${seconds(start).padStart(10)}  in all`);
if (total.passed + total.failed === 0) total.fail('npm test', 'no test ran');
console.log(String(total));
process.exitCode = total.failed > 0 ? 1 : 0;
