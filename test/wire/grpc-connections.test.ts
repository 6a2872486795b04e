/** Connections of the native gRPC transport over time: pings, ages, deadlines, clients that leave. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, GrpcClient, PREDICT } from './grpc-client.js';
import { message, postGrpc } from './http2-call.js';
import { ACK, END_HEADERS, END_STREAM, Frame, frame, grpcHeaders, RawHttp2 } from './raw-http2.js';
import { ServerProcess } from './server-process.js';

const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));
const REQUEST = { model_spec: { name: 'm' }, inputs: { x: floats(1, 2) } };

/** Of the model `slow`: a run of about `iterations` / 5 milliseconds. */
function slowRequest(iterations: number): Buffer {
  const count = { dtype: 'DT_INT32', tensor_shape: { dim: [{ size: 1 }] }, int_val: [iterations] };
  const inputs = { x: floats(1), iterations: count };
  return message(encode('PredictRequest', { model_spec: { name: 'm' }, inputs }));
}

describe('Connections of the native gRPC transport', function () {
  this.timeout(30_000);
  let server: ServerProcess | null = null;
  afterEach(async () => {
    assert.equal((await server?.stop())?.code, 0);
    server = null;
  });

  async function started(name: string, ...flags: string[]): Promise<ServerProcess> {
    server = await ServerProcess.start('m', model(name), '--grpc_transport=native', ...flags);
    return server;
  }

  it('asks a silent client whether it is there, and ends one that is not', async () => {
    const { grpcPort } = await started(
      'identity',
      '--grpc_channel_arguments=grpc.keepalive_time_ms=100,grpc.keepalive_timeout_ms=400',
    );
    const raw = await RawHttp2.open(grpcPort);
    const { payload } = await raw.received(Frame.ping);
    const before = raw.frames.length;
    raw.send(frame(Frame.ping, ACK, 0, payload));
    raw.frames.splice(0, before);
    await raw.received(Frame.ping); // it asks again, rather than ends the connection
    await raw.closed;
  });

  it('says good-bye to old connections, and goes on serving their clients', async () => {
    const { grpcPort, grpcAddress } = await started(
      'identity',
      '--grpc_channel_arguments=grpc.max_connection_age_ms=200',
    );
    const client = new GrpcClient(grpcAddress);
    const raw = await RawHttp2.open(grpcPort);
    for (let isOver = false; !isOver;) {
      const { outputs } = await client.predict(REQUEST);
      assert.ok(outputs);
      isOver = raw.frames.some(({ type }) => type === Frame.goaway);
    }
    const { payload } = raw.frames.find(({ type }) => type === Frame.ping) ?? { payload: null };
    assert.ok(payload);
    raw.send(frame(Frame.ping, ACK, 0, payload)); // the last call it may make is known now
    await raw.closed;
    client.close();
  });

  it('ends connections without calls', async () => {
    const { grpcPort } = await started(
      'identity',
      '--grpc_channel_arguments=grpc.max_connection_idle_ms=100',
    );
    const raw = await RawHttp2.open(grpcPort);
    await raw.received(Frame.goaway);
    await raw.closed;
  });

  it('takes compressed messages of streams', async () => {
    const { grpcAddress } = await started('identity');
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const statusOf = async (request: Buffer, encoding: string): Promise<number> => {
      const headers = { 'grpc-encoding': encoding };
      return Number(
        (await postGrpc(grpcAddress, path, message(request, 1), headers))['grpc-status'],
      );
    };
    const listServices = gzipSync(Buffer.from([0x3a, 0]));
    assert.equal(await statusOf(listServices, 'gzip'), StatusCode.OK);
    for (const [request, encoding] of [
      [listServices, 'snappy'],
      [Buffer.from('no gzip'), 'gzip'],
      [gzipSync(Buffer.alloc(1 << 20)), 'gzip'],
    ] as const) {
      assert.equal(await statusOf(request, encoding), StatusCode.INTERNAL);
    }
  });

  it('ends a call at its deadline while its run goes on, and one whose run has not begun', async () => {
    const { grpcAddress } = await started('slow', '--run_pool_threads=1');
    const late = { 'grpc-timeout': '100m' };
    const answers = await Promise.all([
      postGrpc(grpcAddress, PREDICT, slowRequest(20_000)),
      postGrpc(grpcAddress, PREDICT, slowRequest(20_000), late),
      postGrpc(grpcAddress, PREDICT, slowRequest(20_000), late),
    ]);
    const codes = answers.map((answer) => Number(answer['grpc-status']));
    const { OK, DEADLINE_EXCEEDED } = StatusCode;
    assert.deepEqual(codes, [OK, DEADLINE_EXCEEDED, DEADLINE_EXCEEDED]);
  });

  it('drops the requests of clients that leave', async () => {
    const { grpcPort, grpcAddress } = await started('slow', '--run_pool_threads=1');
    const raw = await RawHttp2.open(grpcPort);
    for (let stream = 1; stream < 400; stream += 2) {
      raw.send(
        frame(Frame.headers, END_HEADERS, stream, grpcHeaders(PREDICT)),
        frame(Frame.data, END_STREAM, stream, slowRequest(8000)), // 40 seconds and more for all
      );
    }
    raw.send(frame(Frame.ping, 0, 0, Buffer.alloc(8)));
    await raw.received(Frame.ping);
    raw.destroy();
    const answer = await postGrpc(grpcAddress, PREDICT, slowRequest(1));
    assert.equal(answer['grpc-status'], '0');
  });

  it('answers what is in flight when it is stopped', async () => {
    const running = await started('slow');
    const raw = await RawHttp2.open(running.grpcPort);
    raw.send(
      frame(Frame.headers, END_HEADERS, 1, grpcHeaders(PREDICT)),
      frame(Frame.data, END_STREAM, 1, slowRequest(2000)),
      frame(Frame.ping, 0, 0, Buffer.alloc(8)),
    );
    await raw.received(Frame.ping);
    const stopped = running.stop();
    assert.equal((await raw.received(Frame.data)).stream, 1);
    assert.equal((await stopped).code, 0);
    await raw.closed;
  });
});
