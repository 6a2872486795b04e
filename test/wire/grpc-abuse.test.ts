/**
 * Abuse of the native gRPC transport: floods, broken frames, messages that are not what they say,
 * clients that stall. Each test ends with a good request on another connection.
 */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http2';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, GrpcClient, PREDICT } from './grpc-client.js';
import { message, postGrpc } from './http2-call.js';
import {
  END_HEADERS,
  END_STREAM,
  Frame,
  frame,
  grpcHeaders,
  headerBlock,
  RawHttp2,
} from './raw-http2.js';
import { ServerProcess } from './server-process.js';

const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));
const MIB = 1 << 20;
const GROWTH_BYTES = 64 * MIB;
const FLOOD = 100_000;
const MAX_FRAME = 16_384;
const REQUEST = { model_spec: { name: 'm' }, inputs: { x: floats(1, 2) } };

describe('Abuse of gRPC', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let raw: RawHttp2;
  before(async () => {
    server = await ServerProcess.start(
      'm',
      model('identity'),
      '--grpc_transport=native',
      '--grpc_max_buffered_bytes=16777216',
    );
  });
  after(async () => {
    assert.equal((await server.stop()).code, 0);
  });
  beforeEach(async () => {
    raw = await RawHttp2.open(server.grpcPort);
  });
  afterEach(async () => {
    raw.destroy();
    const client = new GrpcClient(server.grpcAddress);
    try {
      const { outputs } = await client.predict(REQUEST);
      assert.ok(outputs);
    } finally {
      client.close();
    }
  });

  describe('floods', () => {
    it('ends a connection that resets its calls as soon as they are made', async () => {
      const block = grpcHeaders(PREDICT);
      const cancel = Buffer.from([0, 0, 0, 8]);
      for (let i = 0; i < 3000; ++i) {
        const stream = 2 * i + 1;
        raw.send(
          frame(Frame.headers, END_HEADERS, stream, block),
          frame(Frame.rstStream, 0, stream, cancel),
        );
      }
      await raw.closed;
    });

    it('ends a header block that goes on for ever, in frames of any size', async () => {
      for (const size of [0, 1000]) {
        const client = await RawHttp2.open(server.grpcPort);
        client.send(frame(Frame.headers, 0, 1, grpcHeaders(PREDICT)));
        const fields = headerBlock({ a: 'b'.repeat(100) });
        const filler = Buffer.concat(new Array<Buffer>(Math.ceil(size / 100)).fill(fields));
        await client.flood(frame(Frame.continuation, 0, 1, filler), FLOOD);
        await client.closed;
      }
    });

    const FLOODS: readonly (readonly [title: string, frames: Buffer])[] = [
      ['PING', frame(Frame.ping, 0, 0, Buffer.alloc(8))],
      ['SETTINGS', frame(Frame.settings, 0, 0)],
      ['PRIORITY', frame(Frame.priority, 0, 1, Buffer.from([0, 0, 0, 0, 1]))],
    ];
    for (const [title, frames] of FLOODS) {
      it(`ends a flood of ${title}`, async () => {
        await raw.flood(frames, FLOOD);
        await raw.closed;
      });
    }

    it('ends a flood of DATA that holds nothing', async () => {
      raw.send(frame(Frame.headers, END_HEADERS, 1, grpcHeaders(PREDICT)));
      await raw.flood(frame(Frame.data, 0, 1), FLOOD);
      await raw.closed;
    });

    it('ends a connection whose answers to PING nobody reads', async () => {
      raw.pause();
      await raw.flood(frame(Frame.ping, 0, 0, Buffer.alloc(8)), FLOOD);
      raw.destroy();
      await raw.closed;
    });
  });

  describe('frames', () => {
    it('ends a connection that does not speak HTTP/2', async () => {
      const client = await RawHttp2.open(server.grpcPort, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await client.closed;
    });

    it('ends a connection with a frame larger than announced', async () => {
      raw.send(
        frame(Frame.headers, END_HEADERS, 1, grpcHeaders(PREDICT)),
        frame(Frame.data, 0, 1, Buffer.alloc(MIB)),
      );
      await raw.closed;
    });

    it('resets a call with too many header fields, and serves the next on the connection', async () => {
      const large = Object.fromEntries(
        Array.from({ length: 400 }, (_, i) => [`field-${i}`, 'x'.repeat(100)]),
      );
      const block = Buffer.concat([grpcHeaders(PREDICT), headerBlock(large)]);
      raw.send(
        frame(Frame.headers, 0, 1, block.subarray(0, MAX_FRAME)),
        frame(Frame.continuation, 0, 1, block.subarray(MAX_FRAME, 2 * MAX_FRAME)),
        frame(Frame.continuation, END_HEADERS, 1, block.subarray(2 * MAX_FRAME)),
      );
      assert.equal((await raw.received(Frame.rstStream)).stream, 1);
      raw.send(
        frame(Frame.headers, END_HEADERS, 3, grpcHeaders(PREDICT)),
        frame(Frame.data, END_STREAM, 3, message(encode('PredictRequest', REQUEST))),
      );
      assert.equal((await raw.received(Frame.data)).stream, 3);
    });

    it('answers as many calls as come at once', async () => {
      const request = message(encode('PredictRequest', REQUEST));
      const streams = Array.from({ length: 500 }, (_, i) => 2 * i + 1);
      for (const stream of streams) {
        raw.send(
          frame(Frame.headers, END_HEADERS, stream, grpcHeaders(PREDICT)),
          frame(Frame.data, END_STREAM, stream, request),
        );
      }
      const ended = (): number =>
        raw.frames.filter(({ type, flags }) => type === Frame.headers && flags & END_STREAM).length;
      while (ended() < streams.length) {
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
    });
  });

  describe('messages', () => {
    const statusOf = (
      body: Uint8Array,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<IncomingHttpHeaders> => postGrpc(server.grpcAddress, PREDICT, body, headers);
    const good = encode('PredictRequest', REQUEST);

    const CASES: readonly (readonly [title: string, body: Buffer, code: number])[] = [
      ['no message', Buffer.alloc(0), StatusCode.UNIMPLEMENTED],
      ['half a prefix', Buffer.from([0, 0]), StatusCode.UNIMPLEMENTED],
      ['half a message', message(good, 0, good.length + 1), StatusCode.UNIMPLEMENTED],
      ['two messages', Buffer.concat([message(good), message(good)]), StatusCode.UNIMPLEMENTED],
      ['a compressed message of no encoding', message(good, 1), StatusCode.INTERNAL],
      ['a flag that there is not', message(good, 7), StatusCode.INTERNAL],
      ['a length of 4 GiB', message(good, 0, 2 ** 32 - 1), StatusCode.RESOURCE_EXHAUSTED],
      [
        'more than all memory for requests',
        message(Buffer.alloc(17 * MIB)),
        StatusCode.RESOURCE_EXHAUSTED,
      ],
      ['an empty message', message(Buffer.alloc(0)), StatusCode.INVALID_ARGUMENT],
    ];
    for (const [title, body, code] of CASES) {
      it(`says what is wrong with ${title}`, async () => {
        const answer = await statusOf(body);
        assert.equal(answer['grpc-status'], String(code), JSON.stringify(answer));
      });
    }

    it('refuses what is no gRPC, and timeouts that are none', async () => {
      const other = await statusOf(message(good), { 'content-type': 'text/plain' });
      assert.equal(other[':status'], 415);
      const timeout = await statusOf(message(good), { 'grpc-timeout': 'soon' });
      assert.equal(timeout['grpc-status'], String(StatusCode.INTERNAL));
    });

    it('takes no memory for what a prefix promises', async () => {
      const block = grpcHeaders(PREDICT);
      const before = server.rssBytes();
      for (let stream = 1; stream < 400; stream += 2) {
        raw.send(
          frame(Frame.headers, END_HEADERS, stream, block),
          frame(Frame.data, 0, stream, message(Buffer.alloc(10), 0, 1 << 30)),
        );
      }
      raw.send(frame(Frame.ping, 0, 0, Buffer.alloc(8)));
      await raw.received(Frame.ping);
      assert.ok(server.rssBytes() - before < GROWTH_BYTES);
    });

    it('gives memory back when clients leave in the middle of a message', async () => {
      for (let i = 0; i < 5; ++i) {
        const client = await RawHttp2.open(server.grpcPort);
        client.send(
          frame(Frame.headers, END_HEADERS, 1, grpcHeaders(PREDICT)),
          frame(Frame.data, 0, 1, message(Buffer.alloc(200 << 10), 0, 15 * MIB).subarray(0, 16384)),
        );
        client.send(frame(Frame.ping, 0, 0, Buffer.alloc(8)));
        await client.received(Frame.ping);
        client.destroy();
      }
      const x = { ...floats(), tensor_content: Buffer.alloc(4 * MIB) };
      Object.assign(x, { tensor_shape: { dim: [{ size: MIB }] } });
      const request = { ...REQUEST, inputs: { x } };
      const answer = await statusOf(message(encode('PredictRequest', request)));
      assert.equal(answer['grpc-status'], '0');
    });
  });
});
