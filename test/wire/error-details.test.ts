/** What errors say beside upstream's texts: gRPC trailers, log lines and request ids. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import * as grpc from '@grpc/grpc-js';

import { loadProtos } from '../../src/protos/protos.js';
import { StatusCode, type Violation } from '../../src/status/serving-error.js';
import { encode, floats, GET_MODEL_STATUS, PREDICT } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const root = loadProtos(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

/** All that a call has to say. */
interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly initial: grpc.Metadata;
  readonly trailers: grpc.Metadata;
}

function violationsIn(outcome: Outcome): readonly Violation[] | null {
  const [trailer] = outcome.trailers.get('grpc-status-details-bin');
  if (trailer === undefined) return null;
  const status = root.lookupType('google.rpc.Status').decode(trailer as Buffer) as unknown as {
    code: number;
    message: string;
    details: [{ type_url: string; value: Uint8Array }];
  };
  assert.equal(status.code, outcome.code);
  assert.equal(status.message, outcome.details);
  assert.equal(status.details[0].type_url, 'type.googleapis.com/google.rpc.BadRequest');
  const type = root.lookupType('google.rpc.BadRequest');
  const value = type.toObject(type.decode(status.details[0].value));
  return (value as { field_violations: Violation[] }).field_violations;
}

const STRING_X = { dtype: 'DT_STRING', tensor_shape: { dim: [{ size: 2 }] }, string_val: ['YQ=='] };

describe('error details', () => {
  let server: ServerProcess;
  let client: grpc.Client;

  before(async function () {
    this.timeout(30_000);
    server = await ServerProcess.start('m', HALF_PLUS_TWO);
    client = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
  });

  after(async () => {
    client.close();
    await server.stop();
  });

  const call = (path: string, request: Uint8Array, id?: string): Promise<Outcome> =>
    new Promise((resolve) => {
      const bytes = (buffer: Buffer): Buffer => buffer;
      const metadata = new grpc.Metadata();
      if (id !== undefined) metadata.set('x-request-id', id);
      let initial = new grpc.Metadata();
      client
        .makeUnaryRequest(path, bytes, bytes, Buffer.from(request), metadata, () => undefined)
        .on('metadata', (received: grpc.Metadata) => {
          initial = received;
        })
        .on('status', ({ code, details, metadata: trailers }: grpc.StatusObject) => {
          resolve({ code, details, initial, trailers });
        });
    });

  const predict = (request: object, id?: string): Promise<Outcome> =>
    call(PREDICT, encode('PredictRequest', request), id);

  const post = (
    body: string,
    headers: Record<string, string> = {},
    path = '/v1/models/m:predict',
  ): Promise<Response> => fetch(`${server.restUrl}${path}`, { method: 'POST', body, headers });

  /** The log's line of the request with that id. */
  async function lineOf(id: string): Promise<Record<string, unknown>> {
    const line = await server.lineWith(`"requestId":"${id}"`);
    const { level, time, msg, millis, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.equal(typeof time, 'number');
    assert.equal(msg, 'request failed');
    assert.equal(
      typeof millis,
      rest['transport'] === 'REST' && rest['method'] === 'predict' ? 'number' : 'undefined',
    );
    return { level, ...rest };
  }

  const INFO = 30;

  describe('over gRPC', () => {
    it('name the input that TensorFlow refuses, beside its own text', async () => {
      const outcome = await predict({ model_spec: { name: 'm' }, inputs: { x: STRING_X } }, 'g-1');
      assert.equal(outcome.code, StatusCode.INVALID_ARGUMENT);
      assert.match(outcome.details, /string/);
      const violations = [
        { field: 'inputs["x"]', description: 'expected DT_FLOAT [-1], got DT_STRING [2]' },
      ];
      assert.deepEqual(violationsIn(outcome), violations);
      assert.deepEqual(await lineOf('g-1'), {
        level: INFO,
        transport: 'gRPC',
        method: 'Predict',
        model: 'm',
        code: 'INVALID_ARGUMENT',
        error: outcome.details,
        violations,
        requestId: 'g-1',
      });
    });

    it('go down into a tensor', async () => {
      const x = { ...floats(1, 2), float_val: [], tensor_content: Buffer.alloc(7) };
      const outcome = await predict({ model_spec: { name: 'm' }, inputs: { x } });
      assert.equal(outcome.details, 'tensor parsing error: x');
      assert.deepEqual(violationsIn(outcome)?.[0], {
        field: 'inputs["x"].tensor_content',
        description: '7 bytes given, expected 2 elements of 4 bytes',
      });
    });

    it('say which versions and signatures there are', async () => {
      const inputs = { x: floats(1) };
      const version = await predict(
        { model_spec: { name: 'm', version: { value: 9 } }, inputs },
        'g-2',
      );
      assert.equal(version.details, 'Servable not found for request: Specific(m, 9)');
      const known = 'versions of the model: 1 (AVAILABLE)';
      assert.deepEqual(violationsIn(version), [
        { field: 'model_spec.version', description: known },
      ]);
      assert.equal((await lineOf('g-2'))['version'], '9');

      const label = await predict({ model_spec: { name: 'm', version_label: 'l' }, inputs });
      assert.equal(label.details, 'Unrecognized servable version label: l');
      assert.equal(violationsIn(label)?.[0]?.field, 'model_spec.version_label');

      const model = await predict({ model_spec: { name: 'nope' }, inputs });
      assert.deepEqual(violationsIn(model), [
        { field: 'model_spec.name', description: 'no model of that name is served' },
      ]);

      const signature = await predict({ model_spec: { name: 'm', signature_name: 's' }, inputs });
      assert.equal(signature.details, 'Serving signature key "s" not found.');
      assert.match(
        violationsIn(signature)?.[0]?.description ?? '',
        /^got "s", expected one of .*"serving_default"/,
      );

      const status = await call(
        GET_MODEL_STATUS,
        encode('GetModelStatusRequest', { model_spec: { name: 'm', version: { value: 9 } } }),
      );
      assert.deepEqual(violationsIn(status), [{ field: 'model_spec.version', description: known }]);
    });

    it('are absent from an answer, and add no metadata', async () => {
      const outcome = await predict({ model_spec: { name: 'm' }, inputs: { x: floats(1) } });
      assert.equal(outcome.code, 0);
      assert.equal(violationsIn(outcome), null);
      assert.deepEqual(outcome.initial.get('x-request-id'), []);
    });
  });

  describe('over REST', () => {
    it('leave the text as it is and stand in the log', async () => {
      const response = await post('{"instances": [1.0, "a"]}', { 'X-Request-Id': 'r-1' });
      assert.equal(response.status, 400);
      const message =
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: " +
        'JSON Value: "a" Type: String is not of expected type: float';
      assert.deepEqual(await response.json(), { error: message });
      assert.deepEqual(await lineOf('r-1'), {
        level: INFO,
        transport: 'REST',
        method: 'predict',
        model: 'm',
        code: 'INVALID_ARGUMENT',
        error: message,
        violations: [
          {
            field: 'instances[1]',
            description: 'expected DT_FLOAT, got JSON String at byte 20 of 25, line 1, column 21',
          },
        ],
        requestId: 'r-1',
      });
    });

    it('are logged for requests that name no model', async () => {
      await fetch(`${server.restUrl}/v1/nothing`, { headers: { 'x-request-id': 'r-2' } });
      const { method, code } = await lineOf('r-2');
      assert.deepEqual([method, code], ['malformed', 'INVALID_ARGUMENT']);
      await fetch(`${server.restUrl}/elsewhere`, { headers: { 'x-request-id': 'r-3' } });
      assert.equal((await lineOf('r-3'))['code'], '404 Not Found');
    });
  });

  describe('request ids', () => {
    const ok = '{"instances": [1.0]}';

    it('are echoed by every answer of REST', async () => {
      for (const [path, body] of [
        ['/v1/models/m:predict', ok],
        ['/v1/models/m:predict', '{'],
        ['/elsewhere', ''],
      ] as const) {
        const response = await post(body, { 'x-request-id': `id/${body.length}~` }, path);
        assert.equal(response.headers.get('x-request-id'), `id/${body.length}~`, path);
      }
    });

    it('are echoed by gRPC, in the initial metadata', async () => {
      for (const x of [floats(1), STRING_X]) {
        const outcome = await predict({ model_spec: { name: 'm' }, inputs: { x } }, 'a-b');
        assert.deepEqual(outcome.initial.get('x-request-id'), ['a-b']);
      }
    });

    it('are ignored when they are none', async () => {
      assert.equal((await post(ok)).headers.has('x-request-id'), false);
      for (const id of ['a b', 'x'.repeat(129), '', 'a\u00e4b']) {
        const response = await post(ok, { 'x-request-id': id });
        assert.equal(response.status, 200);
        assert.equal(response.headers.has('x-request-id'), false, id);
      }
      for (const id of ['a b', 'x'.repeat(129)]) {
        const outcome = await predict({ model_spec: { name: 'm' }, inputs: { x: floats(1) } }, id);
        assert.equal(outcome.code, 0);
        assert.deepEqual(outcome.initial.get('x-request-id'), []);
      }
    });
  });
});

describe('a flood of failed requests', () => {
  it('leaves the log readable', async function () {
    this.timeout(30_000);
    const server = await ServerProcess.start('m', HALF_PLUS_TWO);
    const url = `${server.restUrl}/v1/models/nope:predict`;
    for (let i = 0; i < 10; ++i) {
      await Promise.all(
        Array.from({ length: 100 }, () =>
          fetch(url, { method: 'POST', body: '{"instances": [1]}' }).then((each) => each.text()),
        ),
      );
    }
    const { stderr } = await server.stop();
    const lines = stderr.split('\n');
    const failed = lines.filter((line) => line.includes('"msg":"request failed"')).length;
    const leftOut = lines.map((line) => Number(/"leftOut":(\d+)/.exec(line)?.[1] ?? 0));
    assert.equal(failed + leftOut.reduce((sum, each) => sum + each, 0), 1000);
    // 1,000 lines would take the log 20 seconds.
    assert.ok(failed >= 50 && failed < 1000, `${failed} lines`);
  });
});
