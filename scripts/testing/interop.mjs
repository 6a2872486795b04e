/**
 * The PyPI client against the server, over the native transports and the others: test/interop/run.py, in its virtual environment.
 * Upstream's test models are served too where they are at hand: in TENSORGATE_TESTDATA=DIR, or beside
 * the checkout.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../setup/layout.mjs';
import { pythonClient } from './python-client.mjs';
import { runPythonTests } from './python-tests.mjs';

const TRANSPORTS = [
  ['native', 'native'],
  ['grpc-js', 'uwebsockets'],
];
const FOLDER = join('test', 'interop');

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
  for (const [grpc, rest] of TRANSPORTS) {
    const transports = `--grpc_transport=${grpc} --rest_transport=${rest}`;
    console.log(transports);
    const flags = `--enable_session_run ${transports} --log_level=warn`;
    const server = `--server='${process.execPath}' bin/tensorgate.mjs ${flags}`;
    await runPythonTests('interop', python, [...args, server], tally);
  }
}
