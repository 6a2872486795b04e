import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import * as grpc from '@grpc/grpc-js';

import { loadProtos } from '../../src/protos/protos.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));
const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';
const root = loadProtos(['grpc/health/v1/health.proto']);
const requestType = root.lookupType('grpc.health.v1.HealthCheckRequest');
const responseType = root.lookupType('grpc.health.v1.HealthCheckResponse');

function request(service: string): Buffer {
  return Buffer.from(requestType.encode(requestType.create({ service })).finish());
}

function statusOf(reply: Uint8Array): unknown {
  return responseType.toObject(responseType.decode(reply), { enums: String, defaults: true })[
    'status'
  ];
}

describe('The gRPC health service', () => {
  let server: ServerProcess;
  let client: GrpcClient;
  let watcher: grpc.Client;
  before(async () => {
    server = await ServerProcess.start('m', MODEL, '--enable_grpc_healthcheck_service');
    client = new GrpcClient(server.grpcAddress);
    watcher = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
  });
  after(() => {
    client.close();
    watcher.close();
  });

  const watch = (service: string): grpc.ClientReadableStream<Buffer> =>
    watcher.makeServerStreamRequest(
      WATCH,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      request(service),
    );
  const next = async (stream: grpc.ClientReadableStream<Buffer>): Promise<unknown> =>
    statusOf(((await once(stream, 'data')) as [Buffer])[0]);

  it('checks the server and its services by their short names', async () => {
    for (const service of ['', 'ModelService', 'PredictionService']) {
      assert.equal(statusOf(await client.raw(CHECK, request(service))), 'SERVING', service);
    }
    for (const service of ['m', 'tensorflow.serving.PredictionService']) {
      await assert.rejects(client.raw(CHECK, request(service)), {
        code: StatusCode.NOT_FOUND,
        details: 'service name unknown',
      });
    }
  });

  it('goes on after a watcher has left', async () => {
    const stream = watch('');
    stream.on('error', () => undefined); // cancelled
    assert.equal(await next(stream), 'SERVING');
    stream.cancel();
    assert.equal(statusOf(await client.raw(CHECK, request(''))), 'SERVING');
  });

  it('tells watchers the status and of the drain, which they do not hold up', async () => {
    const known = watch('PredictionService');
    assert.equal(await next(known), 'SERVING');
    const unknown = watch('tensorflow.serving.PredictionService');
    assert.equal(await next(unknown), 'SERVICE_UNKNOWN');
    const last = next(known);
    const ends = [once(known, 'end'), once(unknown.resume(), 'end')];
    const started = Date.now();
    const exit = server.stop();
    assert.equal(await last, 'NOT_SERVING');
    await Promise.all(ends);
    const { code, stderr } = await exit;
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /still in flight/);
    assert.ok(Date.now() - started < 5000);
  });

  it('is not there unless it is asked for', async () => {
    const plain = await ServerProcess.start('m', MODEL);
    const other = new GrpcClient(plain.grpcAddress);
    await assert.rejects(other.raw(CHECK, request('')), { code: StatusCode.UNIMPLEMENTED });
    other.close();
    assert.equal((await plain.stop()).code, 0);
  });
});
