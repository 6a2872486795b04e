/** The quick models of the zoo: test/zoo/run.py --quick, in the virtual environment of the section `interop`. */
import { join } from 'node:path';
import { pythonClient } from './python-client.mjs';
import { runPythonTests } from './python-tests.mjs';

export const ZOO = join('test', 'zoo');

/** The command that compares each model, served with default flags, with TensorFlow. */
export function zooArguments() {
  const server = `--server='${process.execPath}' bin/tensorgate.mjs`;
  return [join(ZOO, 'run.py'), `--cache=${join('build', 'zoo')}`, server];
}

/** @param {import('./tally.mjs').Tally} tally */
export async function zooSection(tally) {
  let python;
  try {
    python = await pythonClient();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    return tally.skip('zoo', `no TensorFlow in Python: ${reason}`);
  }
  await runPythonTests('zoo', python, [...zooArguments(), '--quick'], tally);
}
