/** Servers with a page of metrics, and their clients, of the tests of a file: all are stopped after each test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

export class MeteredServers {
  readonly folder = mkdtempSync(join(tmpdir(), 'metered-'));
  readonly config = join(this.folder, 'monitoring.config');
  readonly servers: ServerProcess[] = [];
  readonly clients: GrpcClient[] = [];

  constructor() {
    writeFileSync(this.config, 'prometheus_config { enable: true }\n');
  }

  async started(name: string, model: string, ...more: string[]): Promise<ServerProcess> {
    const monitoring = `--monitoring_config_file=${this.config}`;
    const server = await ServerProcess.start(name, model, monitoring, ...more);
    this.servers.push(server);
    return server;
  }

  clientOf(server: ServerProcess): GrpcClient {
    const client = new GrpcClient(server.grpcAddress);
    this.clients.push(client);
    return client;
  }

  /** Each has to end well. */
  async stopped(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    const exits = await Promise.all(this.servers.splice(0).map((server) => server.stop()));
    for (const { code } of exits) assert.equal(code, 0);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
