/**
 * npm run check: types, lint, formats, and the rules no tool knows. Everything is checked, then the exit
 * status is 1 where something failed. npm run check -- --fix mends what the tools can mend.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { importCircles } from './import-circles.mjs';
import { exitWith, setup } from './setup.mjs';
import { fingerprint, readStamp, writeStamp } from './setup/fingerprint.mjs';
import { nativeLayout, packageRoot } from './setup/layout.mjs';
import { runLogged, SetupError } from './setup/progress.mjs';
import { buildBenchPrograms } from './testing/bench-programs.mjs';
import { CLANGS } from './testing/fuzz.mjs';

const LINES = { source: 500, test: 700 };
const fix = process.argv.includes('--fix');
const require = createRequire(import.meta.url);

/** Tracked files and new ones; those that git ignores are nobody's business. */
const files = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: packageRoot,
  encoding: 'utf8',
})
  .stdout.split('\0')
  .filter((file) => file && existsSync(join(packageRoot, file)));
const matching = (/** @type {RegExp} */ pattern) => files.filter((file) => pattern.test(file));
const read = (/** @type {string} */ file) => readFileSync(join(packageRoot, file), 'utf8');

let failures = 0;

/** @param {string} name @param {string[]} problems */
function report(name, problems) {
  console.log(problems.length === 0 ? `ok       ${name}` : `FAILED   ${name}`);
  for (const problem of problems) console.log(`         ${problem}`);
  if (problems.length > 0) failures += 1;
}

/** @param {string} name @param {string} command @param {string[]} args */
function tool(name, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: packageRoot,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const output = `${stdout ?? ''}${stderr ?? ''}`.trim();
  report(name, status === 0 ? [] : [error?.message ?? '', ...output.split('\n')].filter(Boolean));
}

/** @param {string} module @param {string} bin @param {string[]} args */
function nodeTool(module, bin, args) {
  const script = join(dirname(require.resolve(`${module}/package.json`)), bin);
  tool([module, ...args].join(' '), process.execPath, [script, ...args]);
}

/** @returns {Promise<string | undefined>} the folder of the pinned tools; undefined without a network */
async function pinnedTools() {
  const venv = join(packageRoot, 'build', 'check-venv');
  const stamp = join(venv, 'tools.stamp');
  const wanted = fingerprint(packageRoot, ['scripts/check-tools.txt']);
  const bin = join(venv, 'bin');
  if (readStamp(stamp) === wanted) return bin;
  const log = join(packageRoot, 'build', 'logs', 'check-venv.log');
  try {
    await runLogged('making build/check-venv', log, 'python3', ['-m', 'venv', '--clear', venv]);
    const args = ['-m', 'pip', 'install', '-r', join(packageRoot, 'scripts', 'check-tools.txt')];
    await runLogged('installing clang-format and shellcheck', log, join(bin, 'python'), args);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return undefined;
  }
  writeStamp(stamp, wanted);
  return bin;
}

/** The gate of bench/instruction-counts.ts: the codec takes no more instructions than it did. */
async function instructionCounts() {
  const name = 'instruction counts of the codec';
  if (spawnSync('cmake', ['--version']).status !== 0) {
    return console.log(`skipped  ${name}: no cmake`);
  }
  const { runInstructions } = await import(join(packageRoot, 'dist/bench/instruction-counts.js'));
  const build = () => buildBenchPrograms(['codec_micro']);
  const { skipped, problems } = await runInstructions({ build, print: () => {} });
  if (skipped !== null) console.log(`skipped  ${name}: ${skipped}`);
  else report(name, problems);
}

/** CMake compiles files of a folder in batches, so all of them must compile as one. */
function namesOfFolders() {
  const name = 'names in anonymous namespaces are unique within a folder';
  const compiler = [process.env.CXX ?? 'c++', 'g++', 'clang++'].find(
    (command) => spawnSync(command, ['--version']).status === 0,
  );
  if (!compiler || !existsSync(headers[0])) {
    return console.log(`skipped  ${name}: no C++ compiler, or no libtensorflow`);
  }
  const compiled = matching(/^(binding\/.*|bench\/load\/.*|test\/native\/.*_test)\.cc$/);
  const flags = [...SYNTAX_ONLY, '-Ibench/load', '-DTENSORGATE_SOURCE_DIR=""'];
  const problems = [...new Set(compiled.map(dirname))].flatMap((folder) => {
    const files = compiled.filter((file) => dirname(file) === folder);
    const { status, stderr } = spawnSync(
      compiler,
      [...flags, '-DTENSORGATE_BINARY_DIR=""', '-x', 'c++', '-'],
      {
        cwd: packageRoot,
        encoding: 'utf8',
        input: files.map((file) => `#include "${join(packageRoot, file)}"\n`).join(''),
      },
    );
    return status === 0 ? [] : stderr.split('\n').filter((line) => line.includes('error:'));
  });
  report(name, problems);
}

try {
  await setup({ scope: 'typescript' });
} catch (error) {
  exitWith(error);
}
report('tsc', []); // The set-up compiled it, or ended here.
nodeTool('typescript', 'bin/tsc', ['-p', 'scripts/tsconfig.json']);
nodeTool('eslint', 'bin/eslint.js', ['--max-warnings=0', ...(fix ? ['--fix'] : []), '.']);
nodeTool('prettier', 'bin/prettier.cjs', [
  ...[fix ? '--write' : '--check', '--log-level=warn', '--no-error-on-unmatched-pattern'],
  ...['{src,test,bench,examples,scripts,bin}/**/*.{ts,mjs}', '*.js', '*.json'],
]);

const bin = await pinnedTools();
const sources = matching(/\.(cc|h)$/);
const scripts = matching(/\.sh$|^\.ci\/run$/);
if (!bin) {
  console.log('skipped  clang-format, shellcheck: pip could not install them');
} else {
  const mode = fix ? ['-i'] : ['--dry-run', '--Werror'];
  if (sources.length > 0) tool('clang-format', join(bin, 'clang-format'), [...mode, ...sources]);
  tool('shellcheck', join(bin, 'shellcheck'), scripts);
}

const headers = [
  nativeLayout().libtensorflow + '/include',
  ...['node-addon-api', 'node-api-headers/include'].map((name) => `node_modules/${name}`),
];
const SYNTAX_ONLY = [
  ...['-std=c++17', '-fsyntax-only', '-fno-exceptions', '-Werror', '-Ibinding'],
  ...['-DNAPI_VERSION=9', '-DNAPI_DISABLE_CPP_EXCEPTIONS'],
  ...headers.flatMap((folder) => ['-isystem', folder]),
];
const clang = CLANGS.find((name) => spawnSync(name, ['--version']).status === 0);
if (!clang) {
  console.log('skipped  lock annotations: no clang++');
} else {
  const locking = matching(/^binding\/(runtime|napi)\/.*\.cc$/);
  tool('lock annotations', clang, [...SYNTAX_ONLY, '-Wthread-safety', ...locking]);
}
namesOfFolders();

report(
  'imports of src make no circles',
  importCircles(new Map(matching(/^src\/.*\.ts$/).map((file) => [file, read(file)]))),
);
report(
  'napi.h is included in binding/napi only',
  sources.filter((file) => !file.startsWith('binding/napi/') && /[<"]napi\.h[>"]/.test(read(file))),
);
report(
  `files end at ${LINES.source} lines, tests at ${LINES.test}`,
  matching(/\.(cc|h|ts|mjs|js|py|sh)$/).flatMap((file) => {
    const lines = read(file).split('\n').length - 1;
    const limit = /^test\//.test(file) ? LINES.test : LINES.source;
    return lines > limit ? [`${file}: ${lines} lines`] : [];
  }),
);
await instructionCounts();
process.exitCode = failures > 0 ? 1 : 0;
