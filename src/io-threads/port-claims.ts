/**
 * PortClaims: keeps a second server off the ports that the threads of this one share. The kernel would
 * let it in, as it does our threads; so each server that shares a port holds a name for it, of which
 * there can be one, and looks for others on the port before.
 */
import { createServer, type ListenOptions, type Server } from 'node:net';

import { addressText, type Address } from '../listening/addresses.js';

export class PortClaims {
  readonly #names: Server[] = [];

  /** Null, or why the port cannot be had. REQUIRES: an IP address. */
  async take(address: Address): Promise<string | null> {
    // An abstract name: it goes with the process, and is seen where the port is.
    const name = await open({ path: `\0tensorgate/port/${addressText(address)}` });
    if (typeof name === 'string') return name;
    name.unref();
    const probe = await open({ ...address, exclusive: true });
    if (typeof probe === 'string') {
      name.close();
      return probe;
    }
    await new Promise((resolve) => probe.close(resolve));
    this.#names.push(name);
    return null;
  }

  release(): void {
    for (const name of this.#names.splice(0)) name.close();
  }
}

function open(where: ListenOptions): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'address already in use' : error.message);
    });
    server.listen(where, () => resolve(server));
  });
}
