/** What must be on the machine before anything is downloaded; all that is missing is named at once. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SetupError } from './progress.mjs';
import { pipSettings } from './wheels/pip-settings.mjs';

/**
 * @typedef {object} Prerequisite
 * @property {string} name
 * @property {string} [apt] package on Debian and Ubuntu
 * @property {string} [dnf] package on Fedora and RHEL
 * @property {string} [remedy] where no package does it
 * @property {() => Promise<boolean>} present
 */

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [input]
 * @returns {Promise<string | undefined>} its output; undefined where it failed
 */
function output(command, args, input = '') {
  return new Promise((resolve) => {
    const child = execFile(command, args, (error, stdout) => resolve(error ? undefined : stdout));
    child.stdin?.on('error', () => {}).end(input);
  });
}

/**
 * @param {string} found e.g. "3.25.1"
 * @param {string} wanted
 */
export function atLeast(found, wanted) {
  const [a, b] = [found, wanted].map((version) => version.split('.').map(Number));
  for (let i = 0; i < b.length; ++i) {
    if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) > b[i];
  }
  return true;
}

/** @param {string} source @returns {Promise<boolean>} */
async function compiles(source) {
  const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  for (const compiler of compilers) {
    const [command, ...flags] = compiler.split(' ');
    const args = [...flags, '-std=c++17', '-fsyntax-only', '-x', 'c++', '-'];
    if ((await output(command, args, source)) !== undefined) return true;
  }
  return false;
}

const NODE = {
  name: `Node.js 20.19 or newer (this is ${process.versions.node})`,
  remedy: 'install it from nodejs.org, or: nvm install 20',
  present: async () => atLeast(process.versions.node, '20.19'),
};
const PLATFORM = {
  name: `Linux with glibc on x86-64 or arm64 (this is ${process.platform} ${process.arch})`,
  remedy: 'musl systems such as Alpine are not supported; use a Debian, Ubuntu or Fedora image',
  present: async () =>
    process.platform === 'linux' &&
    ['x64', 'arm64'].includes(process.arch) &&
    (await output('getconf', ['GNU_LIBC_VERSION'])) !== undefined,
};
const COMPILER = {
  name: 'a C++17 compiler',
  apt: 'g++',
  dnf: 'gcc-c++',
  present: () => compiles('#include <string_view>\nint main() { return 0; }\n'),
};
const MAKE = {
  name: 'ninja or make', // with make the addon takes an eighth longer
  apt: 'ninja-build',
  dnf: 'ninja-build',
  present: async () =>
    Boolean((await output('make', ['-v'])) ?? (await output('ninja', ['--version']))),
};
const CMAKE = {
  name: 'CMake 3.19 or newer',
  apt: 'cmake',
  dnf: 'cmake',
  present: async () => {
    const version = /version (\d+[\d.]*)/.exec((await output('cmake', ['--version'])) ?? '')?.[1];
    return version !== undefined && atLeast(version, '3.19');
  },
};
const PYTHON = {
  name: 'Python 3 (for the tests)',
  apt: 'python3',
  dnf: 'python3',
  present: async () => (await output('python3', ['--version'])) !== undefined,
};
const INDEX = {
  name: "Python's pip, which knows a package index to fetch from (or set PIP_INDEX_URL)",
  apt: 'python3-pip',
  dnf: 'python3-pip',
  present: async () => {
    const { indexes, findLinks } = pipSettings();
    return indexes.length + findLinks.length > 0;
  },
};
const GTEST = {
  name: 'GoogleTest (for the tests)',
  apt: 'libgtest-dev',
  dnf: 'gtest-devel',
  present: () => compiles('#include <gtest/gtest.h>\n'),
};

/**
 * @param {{compiler: boolean, index: boolean, tests: boolean}} needs
 * @returns {Promise<void>} @throws SetupError that names all that is missing
 */
export async function checkPrerequisites({ compiler, index, tests }) {
  /** @type {Prerequisite[]} */
  const wanted = [NODE, PLATFORM];
  if (compiler) wanted.push(COMPILER, MAKE, CMAKE);
  if (index) wanted.push(INDEX);
  if (tests) wanted.push(PYTHON, GTEST);
  const present = await Promise.all(wanted.map((each) => each.present()));
  const missing = wanted.filter((_, i) => !present[i]);
  if (missing.length > 0) throw new SetupError(describe(missing, installer()));
}

/** @returns {'apt' | 'dnf'} */
function installer() {
  let release = '';
  try {
    release = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Then Debian's names are the best guess.
  }
  return /^ID(_LIKE)?=.*(fedora|rhel|centos)/m.test(release) ? 'dnf' : 'apt';
}

const INSTALL = { apt: 'apt-get install -y', dnf: 'dnf install -y' };

/**
 * @param {Prerequisite[]} missing
 * @param {'apt' | 'dnf'} tool
 */
export function describe(missing, tool) {
  const lines = missing.map(
    (each) => `  missing: ${each.name}: ${each.remedy ?? `${INSTALL[tool]} ${each[tool]}`}`,
  );
  const packages = missing.flatMap((each) => each[tool] ?? []);
  if (packages.length > 1) lines.push(`  all at once: ${INSTALL[tool]} ${packages.join(' ')}`);
  return ['some prerequisites are missing; nothing was downloaded or built yet', ...lines].join(
    '\n',
  );
}
