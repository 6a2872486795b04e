/**
 * npm run fleet: sets everything up, then tries what many servers are run with: images, packages, Kubernetes,
 * balancers before replicas.
 *   npm run fleet -- --only=image,replicas    some of the files of test/fleet
 * npm test runs the same files, each for a shorter time and without what takes minutes.
 */
import { setup, exitWith } from './setup.mjs';
import { endChildrenOnSignals } from './setup/progress.mjs';
import { mochaSection } from './testing/mocha.mjs';
import { Tally } from './testing/tally.mjs';

const only = process.argv
  .slice(2)
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const tally = new Tally();
try {
  process.env.TENSORGATE_ADDON = await setup({ tests: true });
  endChildrenOnSignals();
  process.env.TENSORGATE_FLEET = 'whole';
  process.env.TENSORGATE_TEST_PORTS ??= '14000-14999';
  await mochaSection('fleet', tally, only);
} catch (error) {
  exitWith(error);
}
console.log(String(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;
