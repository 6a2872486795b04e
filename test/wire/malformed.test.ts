import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, GrpcClient, PREDICT, type RpcError } from './grpc-client.js';
import {
  AT_ONCE,
  BODIES,
  GROWTH_BYTES,
  inParallel,
  mutate,
  postBytes,
  withFlatMemory,
  type Answer,
} from './mutation.js';
import { seededRandom } from './random.js';
import { restIsNative, ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));

const JSON_SEEDS = [
  '{"instances": [1.0, 2.0, 5.0]}',
  '{"instances": [[[1.5, -2e3], [0, NaN]], [[1, 2], [3, 4]]]}',
  '{"instances": [{"x": 1.0}, {"x": 2.0}]}',
  '{"inputs": {"x": [[1, 2], [3, 4]]}, "signature_name": "identity_int32"}',
  '{"signature_name": "identity_string", "instances": ["a", {"b64": "aGk="}, "\\u00e9\\ud83d\\ude00"]}',
  '{"signature_name": "identity_bool", "inputs": [true, false]}',
  '{"signature_name": "identity_int64", "instances": [9223372036854775807, -1]}',
].map((text) => Buffer.from(text));

const PROTO_SEEDS = [
  encode('PredictRequest', { model_spec: { name: 'm' }, inputs: { x: floats(1, 2, 5) } }),
  encode('PredictRequest', {
    model_spec: { name: 'm', signature_name: 'identity_string', version: { value: 1 } },
    inputs: {
      x: {
        dtype: 'DT_STRING',
        tensor_shape: { dim: [{ size: 2 }] },
        string_val: [Buffer.from('a'), Buffer.from('bc')],
      },
    },
  }),
  encode('PredictRequest', {
    model_spec: { name: 'm', signature_name: 'identity_int64' },
    inputs: {
      x: { dtype: 'DT_INT64', tensor_shape: { dim: [{ size: 3 }] }, int64_val: [1, -1, 70000] },
    },
    output_filter: ['y'],
  }),
  encode('PredictRequest', {
    model_spec: { name: 'm' },
    inputs: {
      x: {
        dtype: 'DT_FLOAT',
        tensor_shape: { dim: [{ size: 2 }, { size: 2 }] },
        tensor_content: Buffer.alloc(16, 1),
      },
    },
  }),
].map((bytes) => Buffer.from(bytes));

describe('Hostile bytes', function () {
  this.timeout(120_000);
  let server: ServerProcess;
  let client: GrpcClient;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  before(async () => {
    server = await ServerProcess.start('m', MODEL);
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    agent.destroy();
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  function post(body: Buffer): Promise<Answer> {
    return postBytes(agent, `${server.restUrl}/v1/models/m:predict`, body);
  }

  async function stillRight(): Promise<void> {
    const { text } = await post(Buffer.from('{"instances": [1.0]}'));
    assert.equal(text, '{\n    "predictions": [1.0\n    ]\n}');
  }

  it(`answers ${BODIES} mutated JSON bodies with 200 or 4xx, its memory flat`, async () => {
    const random = seededRandom(1);
    const seen = new Map<number, number>();
    await withFlatMemory(server, (count) =>
      inParallel(count, async () => {
        const body = mutate(random, JSON_SEEDS);
        const { status, text } = await post(body);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        const expected = status === 200 || (status >= 400 && status < 500);
        assert.ok(expected, `${status} ${text} for ${body.toString('base64')}`);
        if (status !== 200) assert.match(text, /^{\n {4}"error": "/);
      }),
    );
    await stillRight();
    assert.ok((seen.get(400) ?? 0) > BODIES / 2, JSON.stringify([...seen]));
  });

  it(`answers ${BODIES} mutated PredictRequests with OK or the client's fault`, async () => {
    const random = seededRandom(2);
    const seen = new Map<number, number>();
    const clientsFault: readonly number[] = [
      StatusCode.INVALID_ARGUMENT,
      StatusCode.NOT_FOUND, // the mutation hit the model's name or version
      StatusCode.FAILED_PRECONDITION, // or the signature's name
    ];
    await withFlatMemory(server, (count) =>
      inParallel(count, async () => {
        const body = mutate(random, PROTO_SEEDS);
        const code = await client.raw(PREDICT, body).then(
          () => StatusCode.OK,
          (error: unknown) => {
            const failure = error as RpcError;
            const explained = clientsFault.includes(failure.code) && failure.details !== '';
            assert.ok(
              explained,
              `${failure.code} ${failure.details} for ${body.toString('base64')}`,
            );
            return failure.code;
          },
        );
        seen.set(code, (seen.get(code) ?? 0) + 1);
      }),
    );
    await stillRight();
    assert.ok((seen.get(StatusCode.INVALID_ARGUMENT) ?? 0) > BODIES / 4, JSON.stringify([...seen]));
  });

  it('takes 500,000 nested arrays as an error, or as an unknown key to ignore', async () => {
    const nested = '['.repeat(500_000) + ']'.repeat(500_000);
    const asInstances = await post(Buffer.from(`{"instances": ${nested}}`));
    assert.equal(asInstances.status, 400);
    const asSignature = await post(Buffer.from(`{"signature_name": ${nested}}`));
    assert.match(asSignature.text, /key must be a string value/);
    const ignored = await post(Buffer.from(`{"other": ${nested}, "instances": [1.0]}`));
    assert.equal(ignored.status, 200);
    const open = await post(Buffer.from('['.repeat(500_000)));
    assert.equal(open.status, 400);
  });

  it('refuses shapes beyond the body and beyond memory before allocating', async () => {
    const before = server.rssBytes();
    for (const sizes of [[1n << 40n], [1n << 62n, 4n], [-1n], [1n << 31n, 1n << 31n, 2n]]) {
      const dim = sizes.map((size) => ({ size: String(size) }));
      const x = { dtype: 'DT_FLOAT', tensor_shape: { dim }, float_val: [1] };
      await assert.rejects(client.predict({ model_spec: { name: 'm' }, inputs: { x } }), {
        code: StatusCode.INVALID_ARGUMENT,
        details: 'tensor parsing error: x',
      });
    }
    assert.ok(server.rssBytes() - before < GROWTH_BYTES);
  });

  it('survives clients that leave in the midst of a body', async () => {
    for (let i = 0; i < 200; ++i) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(server.restPort, '127.0.0.1', () => {
          socket.write(
            'POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"inst',
            () => {
              socket.destroy();
              resolve();
            },
          );
        });
        socket.on('error', reject);
      });
    }
    await stillRight();
  });

  // uWebSockets does not queue requests behind one whose answer is still to come.
  it('answers pipelined requests in order, or closes the connection rather than mix them up', async () => {
    const body = '{"instances": [1.0]}';
    const one = `POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const received = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(server.restPort, '127.0.0.1', () => {
        socket.write(one.repeat(3));
        if (restIsNative) socket.end();
      });
      socket.setEncoding('latin1').on('error', reject);
      socket.on('data', (piece: string) => (text += piece));
      socket.on('close', () => {
        resolve(text);
      });
    });
    const answers = (received.match(/predictions/g) ?? []).length;
    assert.ok(restIsNative ? answers === 3 : answers < 3, received);
    await stillRight();
  });
});
