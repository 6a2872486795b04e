import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, GrpcClient, PREDICT, type RpcError } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const VERSIONS = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));

const MODEL = { name: 'm' };

describe('Predict over the wire', () => {
  let server: ServerProcess;
  let client: GrpcClient;
  before(async () => {
    server = await ServerProcess.start('m', HALF_PLUS_TWO);
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  it('cuts a gRPC message of more than 1024 characters, and no REST message', async () => {
    const name = 'n'.repeat(2000);
    await assert.rejects(client.predict({ model_spec: { name } }), (error: unknown) => {
      const { details } = error as RpcError;
      assert.equal(details.length, 1036);
      assert.ok(details.endsWith('...TRUNCATED'));
      return true;
    });
    const url = `${server.restUrl}/v1/models/${name}:predict`;
    const response = await fetch(url, { method: 'POST', body: '{"instances": [1.0]}' });
    assert.ok((await response.text()).includes(`Latest(${name})`));
  });

  it('never cuts a gRPC message within a character', async () => {
    for (const lead of ['', 'a']) {
      const name = lead + '😀'.repeat(1000); // one of the two has a surrogate pair across the cut
      await assert.rejects(client.predict({ model_spec: { name } }), (error: unknown) => {
        const { code, details } = error as RpcError;
        assert.equal(code, StatusCode.NOT_FOUND);
        assert.match(details, /😀\.\.\.TRUNCATED$/u);
        return true;
      });
    }
  });

  it('inflates a gzip body, and takes a broken or oversized one as empty', async () => {
    const gzipped = async (body: Uint8Array): Promise<string> => {
      const headers = { 'Content-Encoding': 'gzip' };
      const url = `${server.restUrl}/v1/models/m:predict`;
      return (await fetch(url, { method: 'POST', headers, body })).text();
    };
    const body = '{"instances": [1.0, 2.0, 5.0]}';
    assert.match(await gzipped(gzipSync(body)), /\[2\.5, 3\.0, 4\.5/);
    // 100 MiB after inflating still pass; the padding stands before the object.
    const padding = Buffer.alloc(100 * 1024 * 1024 - body.length, ' ');
    assert.match(await gzipped(gzipSync(Buffer.concat([padding, Buffer.from(body)]))), /4\.5/);
    for (const broken of [
      Buffer.from(body),
      gzipSync(body).subarray(0, 30),
      gzipSync(Buffer.concat([padding, Buffer.from(` ${body}`)])),
    ]) {
      assert.match(await gzipped(broken), /JSON Parse error: The document is empty/);
    }
  });

  it('answers HEAD without a body, so that the connection stays usable', async () => {
    const raw = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(server.restPort, '127.0.0.1', () => {
        socket.write('HEAD /v1/models/m HTTP/1.1\r\nHost: x\r\n\r\n');
      });
      socket.setEncoding('latin1').on('error', reject);
      socket.on('data', (piece: string) => {
        const first = text === '';
        text += piece;
        if (first)
          socket.write('GET /v1/models/m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      });
      socket.on('close', () => {
        resolve(text);
      });
    });
    const [head, get] = raw.split('\r\n\r\nHTTP/1.1 ');
    assert.match(head ?? '', /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(get ?? '', /^200 OK/);
  });

  it('answers UNIMPLEMENTED for methods and services it does not know', async () => {
    for (const path of [
      '/tensorflow.serving.PredictionService/PredictStreamed',
      '/tensorflow.serving.PredictionService/',
      '/tensorflow.EventListener/SendEvents',
      '/no.Such/Method',
    ]) {
      await assert.rejects(client.raw(path, new Uint8Array()), {
        code: StatusCode.UNIMPLEMENTED,
      });
    }
  });

  it('answers a gRPC message of 20 MB in full', async () => {
    const values = new Array<number>(5_000_000).fill(2);
    const big = {
      dtype: 'DT_FLOAT',
      tensor_shape: { dim: [{ size: values.length }] },
      tensor_content: Buffer.from(new Float32Array(values).buffer),
    };
    const reply = await client.raw(
      PREDICT,
      encode('PredictRequest', { model_spec: MODEL, inputs: { x: big } }),
    );
    assert.ok(reply.length > 20_000_000);
  });
});

describe('Versions below a base path', () => {
  it('serves the highest, and picks up flags for tensor_content', async () => {
    const server = await ServerProcess.start(
      'v',
      VERSIONS,
      '--enable_serialization_as_tensor_content=true',
    );
    const client = new GrpcClient(server.grpcAddress);
    const { outputs, model_spec: spec } = await client.predict({
      model_spec: { name: 'v' },
      inputs: { x: floats(1) },
    });
    assert.equal((spec as { version: { value: string } }).version.value, '2');
    const tensor = Object.values(outputs as Record<string, { tensor_content: Buffer }>)[0];
    assert.equal(tensor?.tensor_content.length, 8);
    client.close();
    assert.equal((await server.stop()).code, 0);
  });
});
