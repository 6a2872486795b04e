/** Virtual environments with TensorFlow and the Python client, each made on first use: build/NAME-venv. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from '../setup/fingerprint.mjs';
import { packageRoot } from '../setup/layout.mjs';
import { runLogged } from '../setup/progress.mjs';

const REQUIREMENTS = join('test', 'interop', 'requirements.txt');

/** The one of the section `interop`. Returns the path of its Python; throws where pip cannot install what is required. */
export function pythonClient() {
  return pythonVenv('interop', REQUIREMENTS);
}

/**
 * One with `requirements`, a file that may include REQUIREMENTS.
 * @param {string} name
 * @param {string} requirements
 */
export async function pythonVenv(name, requirements) {
  const venv = join(packageRoot, 'build', `${name}-venv`);
  const python = join(venv, 'bin', 'python');
  const stamp = join(venv, 'requirements.stamp');
  const wanted = fingerprint(packageRoot, [...new Set([REQUIREMENTS, requirements])]);
  if (readStamp(stamp) === wanted && existsSync(python)) return python;
  const log = (/** @type {string} */ step) =>
    join(packageRoot, 'build', 'logs', `${name}-${step}.log`);
  await runLogged(`making build/${name}-venv`, log('venv'), 'python3', [
    '-m',
    'venv',
    '--clear',
    venv,
  ]);
  const file = join(packageRoot, requirements);
  const args = ['-m', 'pip', 'install', '--progress-bar', 'off', '-r', file];
  await runLogged(`installing ${requirements}`, log('pip'), python, args);
  writeStamp(stamp, wanted);
  return python;
}
