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

/** One behaviour of Predict, asked over both transports. */
interface Case {
  readonly it: string;
  readonly path: string;
  readonly json: string;
  readonly request: object;
  readonly answer?: readonly number[];
  readonly status?: number;
  readonly code?: StatusCode;
  readonly restError?: string;
  readonly grpcError?: string;
}

const MODEL = { name: 'm' };
const NOWHERE = 'Servable not found for request: ';

const CASES: readonly Case[] = [
  {
    it: 'answers the latest version',
    path: '/v1/models/m:predict',
    json: '{"instances": [1.0, 2.0, 5.0]}',
    request: { model_spec: MODEL, inputs: { x: floats(1, 2, 5) } },
    answer: [2.5, 3, 4.5],
  },
  {
    it: 'answers a version by number and a signature by name',
    path: '/v1/models/m/versions/1:predict',
    json: '{"signature_name": "serving_default", "instances": [2.0]}',
    request: {
      model_spec: { name: 'm', version: { value: 1 }, signature_name: 'serving_default' },
      inputs: { x: floats(2) },
    },
    answer: [3],
  },
  {
    it: 'does not find an unknown model',
    path: '/v1/models/nope:predict',
    json: '{"instances": [1.0]}',
    request: { model_spec: { name: 'nope' }, inputs: { x: floats(1) } },
    status: 404,
    code: StatusCode.NOT_FOUND,
    restError: `${NOWHERE}Latest(nope)`,
    grpcError: `${NOWHERE}Latest(nope)`,
  },
  {
    it: 'does not find an unknown version',
    path: '/v1/models/m/versions/9:predict',
    json: '{"instances": [1.0]}',
    request: { model_spec: { name: 'm', version: { value: 9 } }, inputs: { x: floats(1) } },
    status: 404,
    code: StatusCode.NOT_FOUND,
    restError: `${NOWHERE}Specific(m, 9)`,
    grpcError: `${NOWHERE}Specific(m, 9)`,
  },
  {
    it: 'refuses a label that is not assigned',
    path: '/v1/models/m/labels/stable:predict',
    json: '{"instances": [1.0]}',
    request: { model_spec: { name: 'm', version_label: 'stable' }, inputs: { x: floats(1) } },
    status: 400,
    code: StatusCode.INVALID_ARGUMENT,
    restError: 'Unrecognized servable version label: stable',
    grpcError: 'Unrecognized servable version label: stable',
  },
  {
    it: 'refuses an unknown signature',
    path: '/v1/models/m:predict',
    json: '{"signature_name": "nope", "instances": [1.0]}',
    request: { model_spec: { name: 'm', signature_name: 'nope' }, inputs: { x: floats(1) } },
    status: 400,
    code: StatusCode.FAILED_PRECONDITION,
    restError: 'Serving signature name: "nope" not found in signature def',
    grpcError: 'Serving signature key "nope" not found.',
  },
  {
    it: 'refuses an input of another type',
    path: '/v1/models/m:predict',
    json: '{"instances": ["a"]}',
    request: {
      model_spec: MODEL,
      inputs: {
        x: {
          dtype: 'DT_STRING',
          tensor_shape: { dim: [{ size: 1 }] },
          string_val: [Buffer.from('a')],
        },
      },
    },
    status: 400,
    code: StatusCode.INVALID_ARGUMENT,
    restError:
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: " +
      'JSON Value: "a" Type: String is not of expected type: float',
    grpcError: 'Expects arg[0] to be float but string is provided',
  },
];

async function post(
  server: ServerProcess,
  path: string,
  body: string,
): Promise<{ status: number; text: string; type: string | null }> {
  const response = await fetch(`${server.restUrl}${path}`, { method: 'POST', body });
  const type = response.headers.get('content-type');
  return { status: response.status, text: await response.text(), type };
}

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

  for (const each of CASES) {
    it(`${each.it}, over REST`, async () => {
      const { status, text, type } = await post(server, each.path, each.json);
      assert.equal(type, 'application/json');
      const reply = JSON.parse(text) as { predictions?: number[]; error?: string };
      assert.deepEqual(reply.predictions, each.answer);
      assert.equal(reply.error, each.restError);
      assert.equal(status, each.status ?? 200);
    });

    it(`${each.it}, over gRPC`, async () => {
      if (each.answer === undefined) {
        await assert.rejects(client.predict(each.request), (error: unknown) => {
          const { code, details } = error as RpcError;
          assert.equal(details, each.grpcError);
          assert.equal(code, each.code);
          return true;
        });
        return;
      }
      const { outputs, model_spec: spec } = await client.predict(each.request);
      const { y } = outputs as { y: { dtype: string; float_val: number[] } };
      assert.deepEqual(y.float_val, each.answer);
      assert.equal(y.dtype, 'DT_FLOAT');
      const echoed = { name: 'm', version: { value: '1' }, signature_name: 'serving_default' };
      assert.deepEqual(spec, echoed);
    });
  }

  it('replies over REST byte for byte as upstream', async () => {
    const rows = await post(server, '/v1/models/m:predict', '{"instances": [1.0, 2.0, 5.0]}');
    assert.equal(rows.text, '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}');
    const columns = await post(server, '/v1/models/m:predict', '{"inputs": [1.0, 2.0]}');
    assert.equal(columns.text, '{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}');
  });

  it('returns only the outputs that the filter names, and refuses others', async () => {
    const request = { model_spec: MODEL, inputs: { x: floats(2) } };
    const { outputs } = await client.predict({ ...request, output_filter: ['y'] });
    assert.deepEqual(Object.keys(outputs as object), ['y']);
    await assert.rejects(client.predict({ ...request, output_filter: ['z'] }), {
      code: StatusCode.INVALID_ARGUMENT,
      details:
        'output tensor alias not found in signature: z Outputs expected to be in the set {y}.',
    });
    await assert.rejects(client.predict({ ...request, output_filter: ['y', 'y'] }), {
      code: StatusCode.INVALID_ARGUMENT,
      details: 'duplicate output tensor alias: y',
    });
  });

  it('asks for a model spec and a model name', async () => {
    await assert.rejects(client.predict({}), {
      code: StatusCode.INVALID_ARGUMENT,
      details: 'Missing ModelSpec',
    });
    await assert.rejects(client.predict({ model_spec: {} }), {
      code: StatusCode.INVALID_ARGUMENT,
      details: 'ModelSpec has no name specified.',
    });
  });

  it('cuts a gRPC message of more than 1024 characters, and no REST message', async () => {
    const name = 'n'.repeat(2000);
    await assert.rejects(client.predict({ model_spec: { name } }), (error: unknown) => {
      const { details } = error as RpcError;
      assert.equal(details.length, 1036);
      assert.ok(details.endsWith('...TRUNCATED'));
      return true;
    });
    const { text } = await post(server, `/v1/models/${name}:predict`, '{"instances": [1.0]}');
    assert.ok(text.includes(`Latest(${name})`));
  });

  it('reads the body before it looks for the model, over REST', async () => {
    const { status, text } = await post(server, '/v1/models/nope:predict', '{"instances": ');
    assert.equal(status, 400);
    assert.match(text, /JSON Parse error: Invalid value. at offset: 14/);
  });

  it('reports model status on both transports', async () => {
    const rest = await fetch(`${server.restUrl}/v1/models/m`);
    assert.match(await rest.text(), /"version": "1",\n {3}"state": "AVAILABLE"/);
    const { model_version_status: statuses } = await client.modelStatus({ model_spec: MODEL });
    // An OK status is all defaults, so nothing of it is on the wire but its presence.
    assert.deepEqual(statuses, [{ version: '1', state: 'AVAILABLE', status: {} }]);
    await assert.rejects(client.modelStatus({ model_spec: { name: 'nope' } }), {
      code: StatusCode.NOT_FOUND,
      details: 'Could not find any versions of model nope',
    });
    await assert.rejects(client.modelStatus({}), {
      code: StatusCode.INVALID_ARGUMENT,
      details: 'Missing ModelSpec',
    });
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
      '/tensorflow.ProfilerService/Profile',
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
