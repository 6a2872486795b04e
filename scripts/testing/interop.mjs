/**
 * The PyPI client against the server, over both gRPC transports: test/interop/run.py, in its virtual environment.
 * Upstream's test models are served too where they are at hand: in TENSORGATE_TESTDATA=DIR, or beside
 * the checkout.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../setup/layout.mjs';
import { pythonClient } from './python-client.mjs';

const TRANSPORTS = ['native', 'grpc-js'];
const FOLDER = join('test', 'interop');
const TOTALS = /^interop: (\d+) passed, (\d+) failed, (\d+) skipped$/m;

/** @param {import('./tally.mjs').Tally} tally */
export async function interopSection(tally) {
  const runner = join(packageRoot, FOLDER, 'run.py');
  if (!existsSync(runner)) return tally.skip('interop', `no ${FOLDER}`);
  let python;
  try {
    python = await pythonClient();
  } catch (error) {
    return tally.skip(
      'interop',
      `no Python client: ${error instanceof Error ? error.message : error}`,
    );
  }
  const args = [runner];
  const testdata =
    process.env.TENSORGATE_TESTDATA ?? join(packageRoot, '..', 'shared', 'testdata', 'upstream');
  if (existsSync(testdata)) args.push(`--testdata=${testdata}`);
  else console.log(`upstream's test models are left out: no ${testdata}`);
  for (const transport of TRANSPORTS) {
    console.log(`--grpc_transport=${transport}`);
    const flags = `--enable_session_run --grpc_transport=${transport} --log_level=warn`;
    const server = `--server='${process.execPath}' bin/tensorgate.mjs ${flags}`;
    await run(python, [...args, server], tally);
  }
}

/** @param {string} python @param {string[]} args @param {import('./tally.mjs').Tally} tally */
async function run(python, args, tally) {
  const { status, output } = await runShownAndKept(python, args);
  const totals = TOTALS.exec(output);
  if (!totals)
    return tally.fail('interop', `ended with status ${status} before its tests were over`);
  const [passed, , skipped] = totals.slice(1).map(Number);
  const failed = [...output.matchAll(/^not ok (.*)$/gm)].map(([, name]) => `interop: ${name}`);
  tally.add({ passed, failed, skipped });
  if (status !== 0 && failed.length === 0) tally.fail('interop', `ended with status ${status}`);
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
