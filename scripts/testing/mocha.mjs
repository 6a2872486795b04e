/**
 * The mocha sections: every folder of dist/test that holds tests; those of wire once more over grpc-js and
 * uWebSockets; the scripts' own in test/scripts; and test/package, which installs the package as a user would. The
 * last two are plain JavaScript.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesIn } from '../setup/fingerprint.mjs';
import { packageRoot } from '../setup/layout.mjs';
import { runShown } from '../setup/progress.mjs';
import { buildBenchPrograms } from './bench-programs.mjs';
import { pythonVenv } from './python-client.mjs';

/** The wire tests again, over the transports that are not the default. */
const OTHER_TRANSPORTS = 'transports';
const OTHERS = {
  TENSORGATE_TEST_GRPC_TRANSPORT: 'grpc-js',
  TENSORGATE_TEST_REST_TRANSPORT: 'uwebsockets',
};
/**
 * Of the wire tests what loops over the transports itself, what is about one of them by name, and what is about
 * something far behind them.
 */
const WIRE_ONCE = [
  ...['conformance', 'grpc-abuse', 'grpc-connections', 'http1'],
  ...['metric-reference', 'model-roots', 'refuse-ops', 'row-independence'],
];
/** Of the fleet's tests, from pip. */
const TOOLS = join('test', 'fleet', 'requirements.txt');
const FIRST = ['unit', 'integration', 'wire', OTHER_TRANSPORTS, 'server'];
const LAST = ['scripts', 'package'];
const RUNNER = fileURLToPath(new URL('mocha-run.mjs', import.meta.url));

/** @returns {string[]} the folders of compiled tests, the quick ones first */
export function mochaSections() {
  const compiled = join(packageRoot, 'dist', 'test');
  const found = existsSync(compiled)
    ? readdirSync(compiled).filter((name) => testsIn(join(compiled, name), '.test.js').length > 0)
    : [];
  return [...FIRST, ...found.filter((name) => !FIRST.includes(name)).sort(), ...LAST];
}

/** @param {string} section @returns {string[]} */
function filesOf(section) {
  if (LAST.includes(section)) return testsIn(join(packageRoot, 'test', section), '.test.mjs');
  const compiled = join(packageRoot, 'dist', 'test');
  if (section !== OTHER_TRANSPORTS) return testsIn(join(compiled, section), '.test.js');
  return testsIn(join(compiled, 'wire'), '.test.js').filter(
    (file) => !WIRE_ONCE.some((name) => file.includes(`/wire/${name}`)),
  );
}

/** @param {string} file */
const nameOf = (file) => basename(file).split('.')[0];

/** @param {string} folder @param {string} suffix */
function testsIn(folder, suffix) {
  return filesIn(folder).filter((file) => file.endsWith(suffix));
}

/**
 * @param {string} section
 * @param {import('./tally.mjs').Tally} tally
 * @param {readonly string[]} [only] of its files, by name without .test.js
 */
export async function mochaSection(section, tally, only) {
  const files = filesOf(section).filter((file) => only?.includes(nameOf(file)) ?? true);
  if (files.length === 0) return tally.skip(section, 'no tests');
  if (section === 'live' || section === 'fleet') buildBenchPrograms(['loadgen']);
  const report = join(packageRoot, 'build', `mocha-${section}.json`);
  mkdirSync(join(packageRoot, 'build'), { recursive: true });
  rmSync(report, { force: true });
  const status = await runShown(process.execPath, [RUNNER, report, ...files], {
    cwd: packageRoot,
    env: {
      TF_CPP_MIN_LOG_LEVEL: '2',
      ...process.env,
      ...(section === OTHER_TRANSPORTS && OTHERS),
      ...(section === 'fleet' && { TENSORGATE_FLEET_PYTHON: await pythonVenv(section, TOOLS) }),
    },
    stdio: ['ignore', 1, 2],
  });
  if (!existsSync(report)) {
    return tally.fail(section, `ended with status ${status} before its tests were over`);
  }
  const { passed, failed, skips } = JSON.parse(readFileSync(report, 'utf8'));
  tally.add({ passed, failed });
  for (const { title, reason } of skips) tally.skip(title, reason);
  if (status !== 0 && failed.length === 0) {
    tally.fail(section, `all its tests passed, but it ended with status ${status}`);
  }
}
