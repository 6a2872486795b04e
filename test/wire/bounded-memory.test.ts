/**
 * Requests that take much memory, or claim to: limits hold, and what they took goes back to the system. Each
 * part begins with what the server had before any of them.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, PREDICT } from './grpc-client.js';
import { message, postGrpc } from './http2-call.js';
import { ServerProcess } from './server-process.js';

const IDENTITY = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const MIB = 1 << 20;
const MESSAGE_BYTES = 64 * MIB;
const BUFFERED_BYTES = 160 * MIB;
const FLOAT_BYTES = 4;
/** Of what it began with. */
const MOST_KEPT = 1.1;

describe('Memory of large requests', function () {
  this.timeout(120_000);
  let server: ServerProcess;
  let before: number;

  const post = async (
    body: Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<number> => {
    const url = `${server.restUrl}/v1/models/m:predict`;
    const answer = await fetch(url, { method: 'POST', body, headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  const statusOf = async (bytes: Uint8Array, encoding = 'identity'): Promise<number> => {
    const headers = { 'grpc-encoding': encoding };
    return Number((await postGrpc(server.grpcAddress, PREDICT, bytes, headers))['grpc-status']);
  };
  const predict = (body: Uint8Array, encoding?: 'gzip' | 'deflate'): Promise<number> =>
    statusOf(message(body, encoding === undefined ? 0 : 1), encoding);
  const together = <T>(count: number, ask: () => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, ask));
  const largeRequest = (bytes: number): Uint8Array => {
    const x = { ...floats(), tensor_content: Buffer.alloc(bytes) };
    Object.assign(x, { tensor_shape: { dim: [{ size: bytes / FLOAT_BYTES }] } });
    return encode('PredictRequest', { model_spec: { name: 'm' }, inputs: { x } });
  };
  /** Fails by the test's time limit. */
  const settled = async (): Promise<void> => {
    while (server.rssBytes() > before * MOST_KEPT) await sleep(200);
  };

  beforeEach(async () => {
    server = await ServerProcess.start(
      'm',
      IDENTITY,
      `--grpc_max_message_bytes=${MESSAGE_BYTES}`,
      `--grpc_max_buffered_bytes=${BUFFERED_BYTES}`,
      `--rest_api_max_buffered_bytes=${BUFFERED_BYTES}`,
    );
    before = server.rssBytes();
  });
  afterEach(async () => {
    assert.equal((await server.stop()).code, 0);
  });

  it('inflates no gRPC message beyond the limit of one, and keeps nothing', async () => {
    const bomb = gzipSync(Buffer.alloc(1000 * MIB));
    assert.ok(bomb.length < 2 * MIB);
    assert.deepEqual(await together(4, () => predict(bomb, 'gzip')), Array(4).fill(8));
    const other = deflateSync(Buffer.alloc(200 * MIB));
    assert.equal(await predict(other, 'deflate'), StatusCode.RESOURCE_EXHAUSTED);
    assert.equal(await predict(gzipSync(largeRequest(32 * MIB)), 'gzip'), StatusCode.OK);
    assert.ok(server.peakRssBytes() < before + 8 * MESSAGE_BYTES);
    await settled();
  });

  it('takes gRPC messages that fit, while there is room, and keeps nothing', async () => {
    const request = gzipSync(largeRequest(48 * MIB));
    const codes = await together(12, () => predict(request, 'gzip'));
    assert.ok(codes.includes(StatusCode.OK));
    const others = new Set(codes.filter((code) => code !== StatusCode.OK));
    assert.deepEqual([...others], others.size > 0 ? [StatusCode.RESOURCE_EXHAUSTED] : []);
    assert.equal(others.size, 1, '3 of them fit');
    assert.equal(await predict(largeRequest(48 * MIB)), StatusCode.OK);
    const tooLong = message(Buffer.alloc(100), 0, MESSAGE_BYTES + 1);
    assert.equal(await statusOf(tooLong), StatusCode.RESOURCE_EXHAUSTED);
    await settled();
  });

  it('keeps nothing of large bodies over REST, right, wrong and compressed', async () => {
    const wrong = Buffer.alloc(40 * MIB, 'x');
    assert.deepEqual(await together(3, () => post(wrong)), [400, 400, 400]);
    const right = Buffer.from(`{"instances":[${'1.5,'.repeat(5 * MIB)}2]}`);
    assert.deepEqual(await together(3, () => post(right)), [200, 200, 200]);
    const headers = { 'content-encoding': 'gzip' };
    assert.equal(await post(gzipSync(right), headers), 200);
    const bomb = gzipSync(Buffer.alloc(90 * MIB));
    for (const status of await together(8, () => post(bomb, headers))) {
      assert.ok(status === 400 || status === 503, String(status));
    }
    await settled();
  });
});
