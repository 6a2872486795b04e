/**
 * The package as a user and the images get it: packed, installed below an empty prefix, its native parts
 * built from its own sources in a cache, then started through the images' entry point.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ended, root, Sandbox } from '../scripts/sandbox.mjs';

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

describe('the installed package', function () {
  this.timeout(600_000);

  it('sets its native parts up once, serves, and stops on SIGTERM', async () => {
    const sandbox = new Sandbox();
    try {
      const prefix = join(sandbox.folder, 'prefix');
      // The library is the checkout's; what is built and installed is the package's.
      sandbox.env.LIBTENSORFLOW_PATH = join(root, 'third_party', 'libtensorflow');
      // Unoptimised, in half the time: how fast it serves is not asked here.
      sandbox.stub('c++', 'exec $(PATH="${PATH#*:}" command -v c++) "$@" -O0');
      const installed = await sandbox.run(join(root, 'deploy', 'install.sh'), prefix);
      assert.equal(installed.status, 0, installed.stderr);

      const [grpcPort, restPort] = [await freePort(), await freePort()];
      delete sandbox.env.LIBTENSORFLOW_PATH;
      Object.assign(sandbox.env, {
        PATH: `${join(prefix, 'bin')}:${sandbox.env.PATH}`,
        XDG_CACHE_HOME: join(prefix, 'cache'),
        MODEL_NAME: 'half_plus_two',
        MODEL_BASE_PATH: join(prefix, 'lib/node_modules/tensorgate/examples/models'),
      });
      const server = sandbox.start(
        join(root, 'deploy', 'entrypoint.sh'),
        `--port=${grpcPort}`,
        `--rest_api_port=${restPort}`,
      );
      const end = ended(server);
      const answer = await predict(
        `http://127.0.0.1:${restPort}/v1/models/half_plus_two:predict`,
        end,
      );
      assert.deepEqual(answer, { predictions: [2.5, 3, 4.5] });
      server.kill('SIGTERM');
      const { status, stderr } = await end;
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /^setup:/m, 'the start found everything set up');
    } finally {
      sandbox.remove();
    }
  });
});

/**
 * Asks until the server listens, or has ended.
 * @param {string} url
 * @param {Promise<import('../scripts/sandbox.mjs').Ended>} end
 */
async function predict(url, end) {
  /** @type {import('../scripts/sandbox.mjs').Ended | undefined} */
  let over;
  void end.then((result) => (over = result));
  const body = JSON.stringify({ instances: [1, 2, 5] });
  while (!over) {
    try {
      const response = await fetch(url, { method: 'POST', body });
      if (response.ok) return await response.json();
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(`the server ended before it answered: ${JSON.stringify(over)}`);
}
