/**
 * One mocha run in a process of its own: node mocha-run.mjs REPORT.json FILE...
 * Prints mocha's spec, writes the totals, and fails where something keeps the process alive afterwards.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const GRACE_MS = 10_000;
/** Tests that take as long are named at the end, the slowest first. */
const SLOW_MS = 2_000;
const MOST_SLOW = 10;
const [report, ...files] = process.argv.slice(2);
const mocha = new Mocha({ ui: 'bdd', reporter: 'spec', timeout: 20_000, forbidOnly: true });
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();

let passed = 0;
/** @type {string[]} */
const failed = [];
/** @type {{title: string, reason: string}[]} */
const skips = [];
/** @type {{title: string, duration: number}[]} */
const slow = [];
const runner = mocha.run(() => {
  slow.sort((a, b) => b.duration - a.duration);
  for (const { title, duration } of slow.slice(0, MOST_SLOW)) {
    console.log(`slow: ${(duration / 1000).toFixed(1)} s: ${title}`);
  }
  writeFileSync(report, JSON.stringify({ passed, failed, skips }));
  process.exitCode = failed.length > 0 ? 1 : 0;
  setTimeout(() => {
    const kept = process.getActiveResourcesInfo().join(', ');
    failed.push(`the tests left something running: ${kept}`);
    writeFileSync(report, JSON.stringify({ passed, failed, skips }));
    process.exit(1);
  }, GRACE_MS).unref();
});
runner.on('pass', (test) => {
  passed += 1;
  const duration = test.duration ?? 0;
  if (duration >= SLOW_MS) slow.push({ title: test.fullTitle(), duration });
});
runner.on('fail', (test) => failed.push(test.fullTitle()));
runner.on('pending', (test) => {
  // A test gives its reason as `this.test.skipReason = '…'; this.skip()`, a hook as that of its suite.
  /** @type {{skipReason?: string, parent?: object} | undefined} */
  let place = Object(test);
  while (place && place.skipReason === undefined) place = place.parent;
  skips.push({ title: test.fullTitle(), reason: place?.skipReason ?? 'marked so in its source' });
});
