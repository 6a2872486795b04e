/** Starts an installed server on half_plus_two, asks it, and stops it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { ended } from '../scripts/sandbox.mjs';

/** @typedef {import('../scripts/sandbox.mjs').Ended} Ended */

/**
 * @param {import('../scripts/sandbox.mjs').Sandbox} sandbox
 * @param {string} command
 * @param {...string} args further ones than the ports
 * @returns {Promise<Ended>} after it has answered right and a SIGTERM has ended it well
 */
export async function served(sandbox, command, ...args) {
  const [grpcPort, restPort] = [await freePort(), await freePort()];
  const ports = [`--port=${grpcPort}`, `--rest_api_port=${restPort}`];
  const server = sandbox.start(command, ...ports, ...args);
  const end = ended(server);
  const answer = await predict(`http://127.0.0.1:${restPort}/v1/models/half_plus_two:predict`, end);
  assert.deepEqual(answer, { predictions: [2.5, 3, 4.5] });
  server.kill('SIGTERM');
  const result = await end;
  assert.equal(result.status, 0, result.stderr);
  return result;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * Asks until the server listens, or has ended.
 * @param {string} url
 * @param {Promise<Ended>} end
 */
async function predict(url, end) {
  /** @type {Ended | undefined} */
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
