import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { PortClaims } from '../../../src/io-threads/port-claims.js';

const HOST = '127.0.0.1';
const IN_USE = 'address already in use';

describe('PortClaims', () => {
  const claims = [new PortClaims(), new PortClaims()] as const;
  afterEach(() => {
    for (const each of claims) each.release();
  });

  async function listening(): Promise<{ port: number; close: () => Promise<unknown> }> {
    const server = createServer().listen(0, HOST);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { port, close: () => new Promise((resolve) => server.close(resolve)) };
  }

  it('gives a port to one of several who ask at once, and again when it is released', async () => {
    const { port, close } = await listening();
    await close();
    const asked = await Promise.all(claims.map((each) => each.take({ host: HOST, port })));
    assert.deepEqual(asked.sort(), [IN_USE, null]);
    for (const each of claims) each.release();
    assert.equal(await claims[1].take({ host: HOST, port }), null);
    assert.equal(await claims[0].take({ host: HOST, port }), IN_USE);
  });

  it('gives no port that another program listens on', async () => {
    const { port, close } = await listening();
    assert.equal(await claims[0].take({ host: HOST, port }), IN_USE);
    await close();
    assert.equal(
      await claims[1].take({ host: HOST, port }),
      null,
      'the attempt left nothing behind',
    );
  });
});
