/**
 * npm run zoo: sets everything up, makes build/zoo-venv, and has test/zoo/run.py compare models with TensorFlow.
 *   npm run zoo -- --list                     the models
 *   npm run zoo -- --only=guesslang,hf_bert   some of them
 *   npm run zoo -- --write-docs               writes docs/zoo.md, too
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { exitWith, setup } from './setup.mjs';
import { packageRoot } from './setup/layout.mjs';
import { pythonVenv } from './testing/python-client.mjs';
import { ZOO, zooArguments } from './testing/zoo.mjs';

try {
  process.env.TENSORGATE_ADDON = await setup();
  const python = await pythonVenv('zoo', join(ZOO, 'requirements.txt'));
  const docs = `--write-docs=${join(packageRoot, 'docs', 'zoo.md')}`;
  const args = process.argv.slice(2).map((arg) => (arg === '--write-docs' ? docs : arg));
  const { status } = spawnSync(python, [...zooArguments(), ...args], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} catch (error) {
  exitWith(error);
}
