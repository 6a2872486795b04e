/**
 * One mocha run in a process of its own: node mocha-run.mjs REPORT.json FILE...
 * Prints mocha's spec, writes the totals, and fails where something keeps the process alive afterwards.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const GRACE_MS = 10_000;
const [report, ...files] = process.argv.slice(2);
const mocha = new Mocha({ ui: 'bdd', reporter: 'spec', timeout: 20_000, forbidOnly: true });
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();

let passed = 0;
/** @type {string[]} */
const failed = [];
/** @type {{title: string, reason: string}[]} */
const skips = [];
const runner = mocha.run(() => {
  writeFileSync(report, JSON.stringify({ passed, failed, skips }));
  process.exitCode = failed.length > 0 ? 1 : 0;
  setTimeout(() => {
    const kept = process.getActiveResourcesInfo().join(', ');
    failed.push(`the tests left something running: ${kept}`);
    writeFileSync(report, JSON.stringify({ passed, failed, skips }));
    process.exit(1);
  }, GRACE_MS).unref();
});
runner.on('pass', () => (passed += 1));
runner.on('fail', (test) => failed.push(test.fullTitle()));
runner.on('pending', (test) => {
  // A test gives its reason as `this.test.skipReason = '…'; this.skip()`.
  skips.push({
    title: test.fullTitle(),
    reason: Object(test).skipReason ?? 'marked so in its source',
  });
});
