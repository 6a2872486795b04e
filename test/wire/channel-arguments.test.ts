/** Options of the gRPC server by --grpc_channel_arguments, and compressed messages. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { encode, floats, GrpcClient, PREDICT } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const RESOURCE_EXHAUSTED = 8;
const GZIP = 2;

const request = (...values: number[]): object => ({
  model_spec: { name: 'm' },
  inputs: { x: floats(...values) },
});

describe('--grpc_channel_arguments and compression', function () {
  this.timeout(30_000);
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start(
      'm',
      MODEL,
      '--grpc_channel_arguments=grpc.max_receive_message_length=100000,grpc.unheard_of=1,grpc.default_compression_algorithm=2',
    );
  });
  after(async () => {
    assert.equal((await server.stop()).code, 0);
  });

  async function withClient(
    options: Record<string, number>,
    use: (client: GrpcClient) => Promise<void>,
  ): Promise<void> {
    const client = new GrpcClient(server.grpcAddress, undefined, options);
    try {
      await use(client);
    } finally {
      client.close();
    }
  }

  it('limits messages as told, and serves smaller ones', async () => {
    await withClient({}, async (client) => {
      await client.predict(request(1));
      const tooLarge = request(...new Array<number>(50_000).fill(1));
      await assert.rejects(client.predict(tooLarge), { code: RESOURCE_EXHAUSTED });
      await client.predict(request(1));
    });
  });

  it('names the arguments without effect', async () => {
    await server.untilLogged(
      '--grpc_channel_arguments without effect: grpc.unheard_of=1, grpc.default_compression_algorithm=2',
    );
  });

  it('takes compressed requests', async () => {
    await withClient({ 'grpc.default_compression_algorithm': GZIP }, async (client) => {
      const { outputs } = await client.predict(request(...new Array<number>(1000).fill(0.5)));
      assert.ok(outputs);
    });
  });

  describe('as bytes', () => {
    let session: ClientHttp2Session;
    before(() => {
      session = connect(`http://${server.grpcAddress}`);
    });
    after(() => {
      session.close();
    });

    /** Sends one message marked as compressed. */
    async function call(encoding: string, message: Buffer) {
      const stream = session.request({
        ':method': 'POST',
        ':path': PREDICT,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-encoding': encoding,
        'grpc-accept-encoding': 'identity,gzip',
      });
      const head = Buffer.alloc(5);
      head.writeUInt8(1, 0);
      head.writeUInt32BE(message.length, 1);
      const chunks: Buffer[] = [];
      let answered: Record<string, unknown> = {};
      let trailed: Record<string, unknown> = {};
      stream.on('response', (headers) => (answered = headers));
      stream.on('trailers', (headers: IncomingHttpHeaders) => (trailed = headers));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.end(Buffer.concat([head, message]));
      await once(stream, 'close');
      const headers = { ...answered, ...trailed };
      return {
        status: Number(headers['grpc-status']),
        encoding: headers['grpc-encoding'],
        body: Buffer.concat(chunks),
      };
    }

    it('answers a gzip request with a message that is not compressed', async () => {
      const answer = await call('gzip', gzipSync(encode('PredictRequest', request(1, 2))));
      assert.equal(answer.status, 0);
      assert.equal(answer.encoding, 'identity');
      assert.equal(answer.body.readUInt8(0), 0);
    });

    it('limits what a compressed message becomes', async () => {
      const bomb = gzipSync(Buffer.alloc(50_000_000));
      assert.ok(bomb.length < 100_000);
      assert.equal((await call('gzip', bomb)).status, RESOURCE_EXHAUSTED);
    });

    it('outlives messages that are not what they say', async () => {
      const whole = gzipSync(encode('PredictRequest', request(1, 2)));
      for (const [encoding, message] of [
        ['gzip', Buffer.from('no gzip at all')],
        ['gzip', whole.subarray(0, whole.length - 12)],
        ['gzip', Buffer.alloc(0)],
        ['deflate', whole],
        ['snappy', whole],
      ] as const) {
        assert.notEqual((await call(encoding, message)).status, 0, encoding);
      }
      assert.equal((await call('gzip', whole)).status, 0);
    });
  });
});
