/** What the fleet's tests share: how much of them is wanted, and their tools from pip. */
import { accessSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** All of it, as npm run fleet has it; npm test has a part that is over soon. */
export const IS_WHOLE = process.env['TENSORGATE_FLEET'] === 'whole';

/** A program of test/fleet/requirements.txt. Throws where that is not installed. */
export function pipTool(name: string): string {
  const python = process.env['TENSORGATE_FLEET_PYTHON'];
  if (python === undefined) throw new Error('TENSORGATE_FLEET_PYTHON names no Python');
  const path = join(dirname(python), name);
  accessSync(path);
  return path;
}

/** In a hook: leaves out all tests of its suite. */
export function skipSuite(context: Mocha.Context, reason: string): never {
  Object.assign(context.test?.parent ?? {}, { skipReason: reason });
  return context.skip();
}
