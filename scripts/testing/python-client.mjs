/** The virtual environment with the Python client and TensorFlow, made on first use: build/interop-venv. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from '../setup/fingerprint.mjs';
import { packageRoot } from '../setup/layout.mjs';
import { runLogged } from '../setup/progress.mjs';

const REQUIREMENTS = join('test', 'interop', 'requirements.txt');

/** Returns the path of its Python; throws where pip cannot install what is required. */
export async function pythonClient() {
  const venv = join(packageRoot, 'build', 'interop-venv');
  const python = join(venv, 'bin', 'python');
  const stamp = join(venv, 'requirements.stamp');
  const wanted = fingerprint(packageRoot, [REQUIREMENTS]);
  if (readStamp(stamp) === wanted && existsSync(python)) return python;
  const log = (/** @type {string} */ name) =>
    join(packageRoot, 'build', 'logs', `interop-${name}.log`);
  await runLogged('making build/interop-venv', log('venv'), 'python3', [
    '-m',
    'venv',
    '--clear',
    venv,
  ]);
  const args = [
    '-m',
    'pip',
    'install',
    '--progress-bar',
    'off',
    '-r',
    join(packageRoot, REQUIREMENTS),
  ];
  await runLogged('installing the Python client', log('pip'), python, args);
  writeStamp(stamp, wanted);
  return python;
}
