/**
 * Each fuzz target for a bounded time, with ASan and UBSan: libFuzzer where clang has it, else our own
 * driver with GCC. Seeds lie in test/fuzz/seeds/<decoder>; what libFuzzer finds is kept in build/fuzz-corpus.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../setup/layout.mjs';
import { runLogged } from '../setup/progress.mjs';
import { cmakeBuild, cmakeConfigure, configureTests, SANITIZED } from './native.mjs';

/** From the system's choice down to the oldest that will do. */
export const CLANGS = [
  'clang++',
  ...[22, 21, 20, 19, 18, 17, 16, 15, 14].map((major) => `clang++-${major}`),
];

/** @returns {string | undefined} a clang++ that has libFuzzer's runtime */
function findLibFuzzer() {
  const source =
    'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';
  const args = ['-x', 'c++', '-', '-fsanitize=fuzzer,address,undefined', '-o', '/dev/null'];
  return CLANGS.find(
    (clang) => spawnSync(clang, args, { input: source, stdio: 'pipe' }).status === 0,
  );
}

/** @returns {string[]} */
function fuzzTargets() {
  const folder = join(packageRoot, 'test', 'fuzz');
  const sources = existsSync(folder) ? readdirSync(folder) : [];
  return sources
    .filter((name) => name.endsWith('_fuzz.cc'))
    .map((name) => name.slice(0, -'.cc'.length));
}

/** @param {import('./tally.mjs').Tally} tally */
export async function fuzzSection(tally) {
  const targets = fuzzTargets().sort();
  if (targets.length === 0) return tally.skip('fuzz', 'no fuzz targets');
  const clang = findLibFuzzer();
  console.log(
    clang ? `libFuzzer of ${clang}` : 'no clang++ with libFuzzer: own driver, without coverage',
  );
  const build = clang ? 'fuzz' : 'asan'; // GCC's are built from the libraries that asan tests
  const folder = clang
    ? await cmakeConfigure(build, {
        ...SANITIZED,
        CMAKE_CXX_FLAGS_RELWITHDEBINFO: '-O1 -g1', // the more inputs a second the better
        TENSORGATE_FUZZ: 'ON',
        TENSORGATE_SANITIZE: 'address,undefined',
        CMAKE_CXX_COMPILER: clang,
        CMAKE_C_COMPILER: clang.replace('++', ''),
      })
    : await configureTests('asan');
  await cmakeBuild(build, targets);
  const seconds = Number(process.env.TENSORGATE_FUZZ_SECONDS ?? 10);
  const queue = [...targets];
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let target = queue.shift(); target; target = queue.shift()) {
      try {
        await fuzz(folder, target, seconds, clang !== undefined);
        tally.pass(`${target}, ${seconds} s`);
      } catch (error) {
        tally.fail(target, error instanceof Error ? error.message : String(error));
      }
    }
  });
  await Promise.all(workers);
}

/**
 * @param {string} folder
 * @param {string} target
 * @param {number} seconds
 * @param {boolean} libFuzzer
 */
async function fuzz(folder, target, seconds, libFuzzer) {
  const seeds = join(packageRoot, 'test', 'fuzz', 'seeds', target.replace(/_fuzz$/, ''));
  const args = [`-max_total_time=${seconds}`];
  if (libFuzzer) {
    const corpus = join(packageRoot, 'build', 'fuzz-corpus', target);
    mkdirSync(corpus, { recursive: true });
    args.push('-timeout=10', '-rss_limit_mb=2048', `-artifact_prefix=${corpus}.`, corpus);
  }
  if (existsSync(seeds)) args.push(seeds);
  const log = join(packageRoot, 'build', 'logs', `${target}.log`);
  await runLogged(`fuzzing ${target}`, log, join(folder, target), args, {
    env: { ...process.env, UBSAN_OPTIONS: 'print_stacktrace=1' },
  });
}
