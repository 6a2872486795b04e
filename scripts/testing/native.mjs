/** The GoogleTest binaries: as shipped, with ASan and UBSan, and the runtime's threads with TSan. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { nativeLayout, packageRoot } from '../setup/layout.mjs';
import { ensureOpenVino } from '../setup/openvino.mjs';
import { runLogged, runShown } from '../setup/progress.mjs';

/** @param {string} build @param {string} step */
const log = (build, step) => join(packageRoot, 'build', 'logs', `${build}-${step}.log`);

/**
 * @param {string} name of the build folder
 * @param {Record<string, string>} options CMake's
 * @returns {Promise<string>} the build folder
 */
export async function cmakeConfigure(name, options) {
  const folder = join(packageRoot, 'build', name);
  const cache = join(folder, 'CMakeCache.txt');
  const here = `CMAKE_HOME_DIRECTORY:INTERNAL=${packageRoot}\n`;
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(here)) {
    rmSync(folder, { recursive: true });
  }
  const all = { LIBTENSORFLOW_PATH: nativeLayout().libtensorflow, ...options };
  await runLogged(`configuring build/${name}`, log(name, 'configure'), 'cmake', [
    ...['-S', packageRoot, '-B', folder],
    ...Object.entries(all).map(([key, value]) => `-D${key}=${value}`),
  ]);
  return folder;
}

/** @param {string} name @param {string[]} targets */
export async function cmakeBuild(name, targets) {
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism());
  await runLogged(`building build/${name}`, log(name, 'build'), 'cmake', [
    ...['--build', join(packageRoot, 'build', name), '--parallel', jobs, '--target', ...targets],
  ]);
}

const suppressions = (/** @type {string} */ name) => join(packageRoot, 'scripts', 'testing', name);

/**
 * TensorFlow is not instrumented: what the sanitizers see inside it is not ours to judge. Of where memory was
 * allocated ASan keeps ten calls: TensorFlow allocates a lot, and thirty cost a quarter of the time. OpenVINO
 * closes libraries again, whose thread-local memory LeakSanitizer would read where ASan has followed it.
 */
const TEST_ENVIRONMENT = {
  TF_CPP_MIN_LOG_LEVEL: '2',
  ASAN_OPTIONS:
    'detect_stack_use_after_return=1:detect_container_overflow=0:malloc_context_size=10:intercept_tls_get_addr=0',
  LSAN_OPTIONS: `suppressions=${suppressions('lsan.supp')}:print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1',
  // OpenVINO's TBB would open a library in a way that ASan refuses.
  TBB_ENABLE_SANITIZERS: '1',
  TSAN_OPTIONS: `suppressions=${suppressions('tsan.supp')}:ignore_noninstrumented_modules=1:print_suppressions=0`,
};

/**
 * @param {string} folder
 * @param {{name: string, path: string}} test
 * @param {import('./tally.mjs').Tally} tally
 * @param {string[]} wrapper a command that runs it
 */
async function runGoogleTest(folder, { name: binary, path }, tally, wrapper) {
  const report = join(folder, `${binary}.json`);
  rmSync(report, { force: true });
  const [command, ...args] = [...wrapper, path];
  const status = await runShown(
    command,
    [...args, '--gtest_brief=1', `--gtest_output=json:${report}`],
    {
      env: { ...TEST_ENVIRONMENT, ...process.env },
      stdio: ['ignore', 1, 2],
    },
  );
  if (!existsSync(report)) {
    tally.fail(binary, `ended with status ${status} before its tests were over`);
    return;
  }
  const { testsuites } = JSON.parse(readFileSync(report, 'utf8'));
  let passed = 0;
  /** @type {string[]} */
  const failed = [];
  for (const { testsuite } of testsuites) {
    for (const test of testsuite) {
      const name = `${test.classname}.${test.name}`;
      if (test.failures) failed.push(`${binary}: ${name}`);
      else if (test.status === 'NOTRUN') tally.skip(name, 'disabled in its source');
      else if (test.result === 'SKIPPED') {
        tally.skip(name, test.skipped?.[0]?.message?.trim() ?? 'for the reason printed above');
      } else passed += 1;
    }
  }
  tally.add({ passed, failed });
  console.log(`${binary}: ${passed} passed, ${failed.length} failed`);
  if (status !== 0 && failed.length === 0) {
    tally.fail(binary, `all its tests passed, but it ended with status ${status}`);
  }
}

/** Newer kernels map memory where TSan does not expect it, unless told not to randomise. */
function withoutAddressRandomisation() {
  const probe = spawnSync('setarch', ['-R', 'true'], { stdio: 'ignore' });
  return probe.status === 0 ? ['setarch', '-R'] : [];
}

/** @param {string} folder @returns {{name: string, path: string}[]} the binaries that CMake knows */
function registeredTests(folder) {
  const { stdout } = spawnSync('ctest', ['--show-only=json-v1'], { cwd: folder, encoding: 'utf8' });
  return JSON.parse(stdout).tests.map(
    (/** @type {{name: string, command: string[]}} */ { name, command }) => ({
      name,
      path: command?.[0],
    }),
  );
}

/**
 * With assert() alive. Unoptimised, since to compile takes most of the time and the tests are short; in large
 * batches, since nobody builds these again and again.
 */
export const SANITIZED = {
  CMAKE_BUILD_TYPE: 'RelWithDebInfo',
  CMAKE_CXX_FLAGS_RELWITHDEBINFO: '-O0 -g1',
  TENSORGATE_BATCH: '20',
};
const FOLDER = { native: 'test', asan: 'asan', tsan: 'tsan' };
const OPTIONS = {
  // The libraries are those of the addon.
  native: {
    CMAKE_BUILD_TYPE: 'Release',
    TENSORGATE_BENCH: 'ON',
    TENSORGATE_LIBRARIES: nativeLayout().release,
  },
  // The fuzz targets too, where there is no clang with libFuzzer.
  asan: {
    ...SANITIZED,
    TENSORGATE_SANITIZE: 'address,undefined',
    TENSORGATE_BENCH: 'ON',
    TENSORGATE_FUZZ: 'ON',
  },
  tsan: { ...SANITIZED, TENSORGATE_SANITIZE: 'thread' },
};

/**
 * @param {'native' | 'asan' | 'tsan'} kind
 * @returns {Promise<string>} the build folder
 */
export function configureTests(kind) {
  return cmakeConfigure(FOLDER[kind], { TENSORGATE_TESTS: 'ON', ...OPTIONS[kind] });
}

/**
 * @param {'native' | 'asan' | 'tsan'} kind
 * @param {import('./tally.mjs').Tally} tally
 */
export async function nativeSection(kind, tally) {
  const folder = await configureTests(kind);
  // Only the runtime has threads of its own.
  const wanted = (/** @type {{name: string}} */ test) =>
    kind !== 'tsan' || test.name === 'runtime_test';
  const names = registeredTests(folder)
    .filter(wanted)
    .map((test) => test.name);
  if (names.length === 0) return tally.skip(kind, 'CMake knows no such tests');
  await cmakeBuild(FOLDER[kind], names);
  // The tests that need it are skipped without.
  await ensureOpenVino().catch((/** @type {Error} */ { message }) => console.log(message));
  const wrapper = kind === 'tsan' ? withoutAddressRandomisation() : [];
  for (const test of registeredTests(folder).filter(wanted)) {
    await runGoogleTest(folder, test, tally, wrapper);
  }
}
