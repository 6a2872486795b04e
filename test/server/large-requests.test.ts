/**
 * What a large request or answer took goes back to the system, over every transport: resident memory
 * is soon what it was. The margin is several times what an idle server varies by, and a fraction of
 * what one of these requests takes.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { GrpcClient, PREDICT } from '../wire/grpc-client.js';
import { message, postGrpc } from '../wire/http2-call.js';
import { ServerProcess } from '../wire/server-process.js';

const IDENTITY = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const MIB = 1 << 20;
const REQUEST_MIB = 384;
const REST_BODY_MIB = 96;
const MARGIN_MIB = 128;
const INVALID_ARGUMENT = '3';

/** A PredictRequest with so many zeros; `filter` is an output that the model does not have. */
function zeros(mebibytes: number, filter: boolean): Buffer {
  const bytes = mebibytes * MIB;
  const dims = field(2, field(2, varint(1, bytes / 4)));
  const tensor = Buffer.concat([varint(1, 1), dims, header(4, bytes)]);
  const input = Buffer.concat([field(1, Buffer.from('x')), header(2, tensor.length + bytes)]);
  return Buffer.concat([
    field(1, field(1, Buffer.from('m'))),
    ...(filter ? [field(3, Buffer.from('nothing'))] : []),
    header(2, input.length + tensor.length + bytes),
    input,
    tensor,
    Buffer.alloc(bytes),
  ]);
}

function field(number: number, body: Buffer): Buffer {
  return Buffer.concat([header(number, body.length), body]);
}

function header(number: number, length: number): Buffer {
  return Buffer.concat([base128((number << 3) | 2), base128(length)]);
}

function varint(number: number, value: number): Buffer {
  return Buffer.concat([base128(number << 3), base128(value)]);
}

function base128(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}

class Resident {
  readonly #server: ServerProcess;
  readonly #before: number;

  constructor(server: ServerProcess) {
    this.#server = server;
    this.#before = this.#mebibytes();
  }

  #mebibytes(): number {
    return Math.round(this.#server.rssBytes() / MIB);
  }

  /** Ends when it is so; mocha says when it takes too long. */
  async isBack(): Promise<void> {
    while (this.#mebibytes() > this.#before + MARGIN_MIB) await delay(100);
  }
}

for (const transport of ['native', 'grpc-js']) {
  describe(`Memory of large requests over ${transport}`, function () {
    this.timeout(300_000);
    let server: ServerProcess;
    before(async () => {
      server = await ServerProcess.start('m', IDENTITY, `--grpc_transport=${transport}`);
      const client = new GrpcClient(server.grpcAddress);
      await client.raw(PREDICT, zeros(1, false));
      client.close();
    });
    after(() => server.stop());

    it('goes back after a message that was compressed', async () => {
      const resident = new Resident(server);
      const body = message(gzipSync(zeros(REQUEST_MIB, true), { level: 1 }), 1);
      const headers = { 'grpc-encoding': 'gzip' };
      const answer = await postGrpc(server.grpcAddress, PREDICT, body, headers);
      assert.equal(answer['grpc-status'], INVALID_ARGUMENT, String(answer['grpc-message']));
      await resident.isBack();
    });

    it('goes back after a large answer', async () => {
      const resident = new Resident(server);
      const body = message(gzipSync(zeros(REQUEST_MIB, false), { level: 1 }), 1);
      const headers = { 'grpc-encoding': 'gzip' };
      const answer = await postGrpc(server.grpcAddress, PREDICT, body, headers);
      assert.equal(answer['grpc-status'], '0', String(answer['grpc-message']));
      await resident.isBack();
    });
  });
}

describe('Memory of large requests over REST', function () {
  this.timeout(300_000);

  it('goes back, compressed or not', async () => {
    const server = await ServerProcess.start('m', IDENTITY);
    try {
      const url = `${server.restUrl}/v1/models/m:predict`;
      await fetch(url, { method: 'POST', body: '{"instances": [1.0]}' });
      const resident = new Resident(server);
      const numbers = new Array<string>((REST_BODY_MIB * MIB) / 4 - 100).fill('1.0').join(',');
      const body = Buffer.from(`{"instances": [${numbers}]}`);
      for (const isCompressed of [false, true]) {
        const answer = await fetch(url, {
          method: 'POST',
          body: isCompressed ? gzipSync(body, { level: 1 }) : body,
          headers: isCompressed ? { 'content-encoding': 'gzip' } : {},
        });
        assert.equal(answer.status, 200);
        await answer.arrayBuffer();
        await resident.isBack();
      }
    } finally {
      await server.stop();
    }
  });
});
