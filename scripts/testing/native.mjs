/** The GoogleTest binaries: as shipped, with ASan and UBSan, and the runtime's threads with TSan. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { nativeLayout, packageRoot } from '../setup/layout.mjs';
import { runLogged, runShown } from '../setup/progress.mjs';

/** @param {string} folder @param {string} suffix @returns {string[]} base names without the suffix */
export function sourcesIn(folder, suffix) {
  const path = join(packageRoot, folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => name.endsWith(suffix));
  return names.map((name) => name.slice(0, -suffix.length)).sort();
}

/**
 * @param {string} name of the build folder
 * @param {Record<string, string>} options CMake's
 * @param {string[]} [targets]
 * @returns {Promise<string>} the build folder
 */
export async function cmakeBuild(name, options, targets = []) {
  const folder = join(packageRoot, 'build', name);
  const cache = join(folder, 'CMakeCache.txt');
  const here = `CMAKE_HOME_DIRECTORY:INTERNAL=${packageRoot}\n`;
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(here)) {
    rmSync(folder, { recursive: true });
  }
  const all = { LIBTENSORFLOW_PATH: nativeLayout().libtensorflow, ...options };
  const log = (/** @type {string} */ step) =>
    join(packageRoot, 'build', 'logs', `${name}-${step}.log`);
  await runLogged(`configuring build/${name}`, log('configure'), 'cmake', [
    ...['-S', packageRoot, '-B', folder],
    ...Object.entries(all).map(([key, value]) => `-D${key}=${value}`),
  ]);
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism());
  await runLogged(`building build/${name}`, log('build'), 'cmake', [
    ...['--build', folder, '--parallel', jobs],
    ...(targets.length > 0 ? ['--target', ...targets] : []),
  ]);
  return folder;
}

const suppressions = (/** @type {string} */ name) => join(packageRoot, 'scripts', 'testing', name);

/** TensorFlow is not instrumented: what the sanitizers see inside it is not ours to judge. */
const SANITIZER_ENVIRONMENT = {
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:detect_container_overflow=0',
  LSAN_OPTIONS: `suppressions=${suppressions('lsan.supp')}:print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: `suppressions=${suppressions('tsan.supp')}:ignore_noninstrumented_modules=1:print_suppressions=0`,
};

/**
 * @param {string} folder
 * @param {string} binary
 * @param {import('./tally.mjs').Tally} tally
 * @param {string[]} [wrapper] a command that runs it
 */
async function runGoogleTest(folder, binary, tally, wrapper = []) {
  const report = join(folder, `${binary}.json`);
  rmSync(report, { force: true });
  const [command, ...args] = [...wrapper, join(folder, binary)];
  const status = await runShown(
    command,
    [...args, '--gtest_brief=1', `--gtest_output=json:${report}`],
    {
      env: { ...process.env, ...SANITIZER_ENVIRONMENT },
      stdio: ['ignore', 1, 2],
    },
  );
  if (!existsSync(report)) {
    tally.fail(binary, `ended with status ${status} before its tests were over`);
    return;
  }
  const { testsuites } = JSON.parse(readFileSync(report, 'utf8'));
  let [passed, failed] = [0, 0];
  for (const { testsuite } of testsuites) {
    for (const test of testsuite) {
      const name = `${test.classname}.${test.name}`;
      if (test.failures) failed += 1;
      else if (test.status === 'NOTRUN') tally.skip(name, 'disabled in its source');
      else if (test.result === 'SKIPPED') {
        tally.skip(name, test.skipped?.[0]?.message?.trim() ?? 'for the reason printed above');
      } else passed += 1;
    }
  }
  tally.add({ passed, failed, skipped: 0 });
  console.log(`${binary}: ${passed} passed, ${failed} failed`);
  if (status !== 0 && failed === 0) {
    tally.fail(binary, `all its tests passed, but it ended with status ${status}`);
  }
}

/** Newer kernels map memory where TSan does not expect it, unless told not to randomise. */
function withoutAddressRandomisation() {
  const probe = spawnSync('setarch', ['-R', 'true'], { stdio: 'ignore' });
  return probe.status === 0 ? ['setarch', '-R'] : [];
}

/**
 * @param {'native' | 'asan' | 'tsan'} kind
 * @param {import('./tally.mjs').Tally} tally
 */
export async function nativeSection(kind, tally) {
  const runtime = sourcesIn('test/native/runtime', '_test.cc').length > 0;
  const codec = sourcesIn('test/native', '_test.cc').length > 0;
  const binaries = [...(codec ? ['codec_test'] : []), ...(runtime ? ['runtime_test'] : [])];
  const options = /** @type {Record<string, Record<string, string>>} */ ({
    native: { CMAKE_BUILD_TYPE: 'Release' },
    asan: { CMAKE_BUILD_TYPE: 'RelWithDebInfo', TENSORGATE_SANITIZE: 'address,undefined' },
    tsan: { CMAKE_BUILD_TYPE: 'RelWithDebInfo', TENSORGATE_SANITIZE: 'thread' },
  })[kind];
  const wanted = kind === 'tsan' ? binaries.filter((name) => name === 'runtime_test') : binaries;
  if (wanted.length === 0) {
    tally.skip(kind, kind === 'tsan' ? 'no runtime tests' : 'no C++ tests');
    return;
  }
  const name = kind === 'native' ? 'test' : kind;
  const folder = await cmakeBuild(name, { TENSORGATE_TESTS: 'ON', ...options }, wanted);
  const wrapper = kind === 'tsan' ? withoutAddressRandomisation() : [];
  for (const binary of wanted) await runGoogleTest(folder, binary, tally, wrapper);
}
