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

const counts = { passed: 0, failed: 0, skipped: 0 };
/** @type {{title: string, reason: string}[]} */
const skips = [];
const runner = mocha.run(() => {
  writeFileSync(report, JSON.stringify({ ...counts, skips }));
  process.exitCode = counts.failed > 0 ? 1 : 0;
  setTimeout(() => {
    const kept = process.getActiveResourcesInfo().join(', ');
    console.log(`FAILED: the tests left something running: ${kept}`);
    writeFileSync(report, JSON.stringify({ ...counts, failed: counts.failed + 1, skips }));
    process.exit(1);
  }, GRACE_MS).unref();
});
runner.on('pass', () => (counts.passed += 1));
runner.on('fail', () => (counts.failed += 1));
runner.on('pending', (test) => {
  counts.skipped += 1;
  // A test gives its reason as `this.test.skipReason = '…'; this.skip()`.
  skips.push({
    title: test.fullTitle(),
    reason: Object(test).skipReason ?? 'marked so in its source',
  });
});
