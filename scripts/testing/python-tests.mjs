/** Runs tests that are written in Python: lines `ok …`, `not ok NAME`, `skip …`, and `SECTION: N passed, N failed, N skipped`. */
import { spawn } from 'node:child_process';
import { packageRoot } from '../setup/layout.mjs';

/**
 * @param {string} section
 * @param {string} python
 * @param {string[]} args
 * @param {import('./tally.mjs').Tally} tally
 */
export async function runPythonTests(section, python, args, tally) {
  const { status, output } = await runShownAndKept(python, args);
  const totals = new RegExp(`^${section}: (\\d+) passed, (\\d+) failed, (\\d+) skipped$`, 'm').exec(
    output,
  );
  if (!totals) return tally.fail(section, `ended with status ${status} before its tests were over`);
  const [passed, , skipped] = totals.slice(1).map(Number);
  const failed = [...output.matchAll(/^not ok (.*)$/gm)].map(([, name]) => `${section}: ${name}`);
  tally.add({ passed, failed, skipped });
  if (status !== 0 && failed.length === 0) tally.fail(section, `ended with status ${status}`);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{status: number | null, output: string}>}
 */
function runShownAndKept(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: packageRoot,
      env: { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env },
      stdio: ['ignore', 'pipe', 2],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      process.stdout.write(text);
      output += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}
