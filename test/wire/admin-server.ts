/** A server with the admin API and a config file of its own, for the tests of that API. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ask, call, type Json, type Reply } from './admin-client.js';
import { GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

/** Version N answers N. */
export const VERSIONS = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));

export const ALL = { model_version_policy: { all: {} } };

export const model = (name: string, more: object = {}): object => ({
  name,
  base_path: VERSIONS,
  model_platform: 'tensorflow',
  ...more,
});

export const split = (...parts: [version: number | string, weight: number][]): object => ({
  parts: parts.map(([version, weight]) => ({ version, weight })),
});

export class AdminServer {
  readonly folder: string;
  /** Lists the model m, of VERSIONS. */
  readonly file: string;
  server: ServerProcess;
  client: GrpcClient;

  private constructor(folder: string, file: string, server: ServerProcess) {
    this.folder = folder;
    this.file = file;
    this.server = server;
    this.client = new GrpcClient(server.grpcAddress);
  }

  static async start(): Promise<AdminServer> {
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-admin-'));
    const file = join(folder, 'models.config');
    writeFileSync(
      file,
      `# by hand\nmodel_config_list { config { name: "m" base_path: "${VERSIONS}" model_platform: "tensorflow" } }`,
    );
    return new AdminServer(folder, file, await started(file));
  }

  async restart(...flags: string[]): Promise<void> {
    this.client.close();
    assert.equal((await this.server.stop()).code, 0);
    this.server = await started(this.file, ...flags);
    this.client = new GrpcClient(this.server.grpcAddress);
  }

  async stop(): Promise<void> {
    this.client.close();
    assert.equal((await this.server.stop()).code, 0);
    rmSync(this.folder, { recursive: true });
  }

  admin(method: string, request: object): Promise<Json> {
    return call(this.client, method, request);
  }

  rest(
    method: string,
    path: string,
    body?: object | string,
    headers?: Record<string, string>,
  ): Promise<Reply> {
    return ask(`${this.server.restUrl}/admin/v1`, method, path, body, headers);
  }

  /** All that is configured. */
  async config(): Promise<string> {
    return JSON.stringify(await this.admin('GetConfig', {}));
  }

  /** The answer of the version that a REST path stands for, or its error. */
  async predict(path: string): Promise<number | string> {
    const url = `/v1/models/${path}:predict`;
    const { body } = await ask(this.server.restUrl, 'POST', url, '{"instances": [1.0]}');
    const reply = JSON.parse(body) as { predictions?: number[]; error?: string };
    return reply.predictions?.[0] ?? reply.error ?? '';
  }

  async until(expected: number | string, path: string): Promise<void> {
    while ((await this.predict(path)) !== expected) await new Promise(setImmediate);
  }
}

function started(file: string, ...flags: string[]): Promise<ServerProcess> {
  return ServerProcess.startWith(
    `--model_config_file=${file}`,
    '--enable_admin_api',
    TAKEN_AT_ONCE,
    '--max_num_load_retries=0',
    '--load_retry_interval_micros=0',
    ...flags,
  );
}
