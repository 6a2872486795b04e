import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import {
  encode,
  floats,
  GET_MODEL_STATUS,
  GrpcClient,
  SESSION_RUN,
  type RpcError,
} from './grpc-client.js';
import { AT_ONCE, inParallel, mutate, postBytes, withFlatMemory } from './mutation.js';
import { seededRandom } from './random.js';
import { ServerProcess } from './server-process.js';

const IRIS = fileURLToPath(new URL('../../../examples/models/iris_classifier', import.meta.url));

const SETOSA = { sepal_length: 5.5, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const EXAMPLE = {
  features: {
    feature: Object.fromEntries(
      Object.entries(SETOSA).map(([name, value]) => [name, { float_list: { value: [value] } }]),
    ),
  },
};
const INPUTS = [
  { example_list: { examples: [EXAMPLE, EXAMPLE] } },
  { example_list_with_context: { context: EXAMPLE, examples: [{}] } },
];
const spec = (signature: string): object => ({ name: 'iris', signature_name: signature });
const FEATURES = {
  ...floats(...Object.values(SETOSA)),
  tensor_shape: { dim: [{ size: 1 }, { size: 4 }] },
};
const SERVICE = '/tensorflow.serving.PredictionService';

/** Each RPC but Predict, which has its own test, with well-formed requests to start from. */
const RPCS: readonly (readonly [path: string, seeds: readonly Uint8Array[]])[] = [
  [
    `${SERVICE}/Classify`,
    INPUTS.map((input) => encode('ClassificationRequest', { model_spec: spec('classify'), input })),
  ],
  [
    `${SERVICE}/Regress`,
    INPUTS.map((input) => encode('RegressionRequest', { model_spec: spec('regress'), input })),
  ],
  [
    `${SERVICE}/MultiInference`,
    INPUTS.map((input) =>
      encode('MultiInferenceRequest', {
        tasks: ['classify', 'regress'].map((method) => ({
          model_spec: spec(method),
          method_name: `tensorflow/serving/${method}`,
        })),
        input,
      }),
    ),
  ],
  [
    `${SERVICE}/GetModelMetadata`,
    [
      encode('GetModelMetadataRequest', {
        model_spec: { name: 'iris', version: { value: 1 } },
        metadata_field: ['signature_def'],
      }),
    ],
  ],
  [
    SESSION_RUN,
    // Aliases, so that no mutation can come to name an operation that writes.
    [{ timeout_in_ms: 1000 }, { inter_op_thread_pool: 1 }].map((options) =>
      encode('SessionRunRequest', {
        model_spec: { name: 'iris', signature_name: 'serving_default' },
        feed: [{ name: 'features', tensor: FEATURES }],
        fetch: ['scores', 'species'],
        options,
        tensor_name_is_alias: true,
      }),
    ),
  ],
  [GET_MODEL_STATUS, [encode('GetModelStatusRequest', { model_spec: { name: 'iris' } })]],
];

const BODY = `{"signature_name": "METHOD", "examples": [${JSON.stringify(SETOSA)}]}`;
const WITH_CONTEXT = `{"signature_name": "METHOD", "context": ${JSON.stringify(SETOSA)}, "examples": [{}, {"sepal_width": [3.5]}]}`;

/** The client's faults that mutations of these requests come to. */
const CLIENTS_FAULT: readonly number[] = [
  StatusCode.INVALID_ARGUMENT,
  StatusCode.NOT_FOUND,
  StatusCode.UNIMPLEMENTED, // the mutation hit a task's method name
  StatusCode.FAILED_PRECONDITION, // SessionRun: the name of the signature
  StatusCode.DEADLINE_EXCEEDED, // SessionRun: the timeout
];

/** What Predict and these have in common has been through more in malformed.test.ts. */
const EACH = 2500;

describe('Hostile bytes to every other method', function () {
  this.timeout(120_000);
  let server: ServerProcess;
  let client: GrpcClient;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  before(async () => {
    server = await ServerProcess.start('iris', IRIS, '--enable_session_run');
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    agent.destroy();
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  for (const [path, seeds] of RPCS) {
    it(`answers ${EACH} mutations sent to ${path} with OK or the client's fault`, async () => {
      const random = seededRandom(3);
      const buffers = seeds.map((seed) => Buffer.from(seed));
      await withFlatMemory(
        server,
        (count) =>
          inParallel(count, async () => {
            const body = mutate(random, buffers);
            await client.raw(path, body).catch((error: unknown) => {
              const { code, details } = error as RpcError;
              const explained = CLIENTS_FAULT.includes(code) && details !== '';
              assert.ok(explained, `${code} ${details} for ${body.toString('base64')}`);
            });
          }),
        EACH,
      );
    });
  }

  for (const method of ['classify', 'regress']) {
    it(`answers ${EACH} mutated bodies of :${method} with 200 or 4xx`, async () => {
      const random = seededRandom(4);
      const seeds = [BODY, WITH_CONTEXT].map((text) => Buffer.from(text.replace('METHOD', method)));
      const url = `${server.restUrl}/v1/models/iris:${method}`;
      await withFlatMemory(
        server,
        (count) =>
          inParallel(count, async () => {
            const body = mutate(random, seeds);
            const { status, text } = await postBytes(agent, url, body);
            const expected = status === 200 || (status >= 400 && status < 500);
            assert.ok(expected, `${status} ${text} for ${body.toString('base64')}`);
          }),
        EACH,
      );
    });
  }
});
