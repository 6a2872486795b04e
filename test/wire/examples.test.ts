import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient, type RpcError } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

const IRIS = fileURLToPath(new URL('../../../examples/models/iris_classifier', import.meta.url));

const VIRGINICA = { sepal_length: 6.3, sepal_width: 3.3, petal_length: 6.0, petal_width: 2.5 };
const SETOSA = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };

function example(features: Readonly<Record<string, number>>): object {
  const feature = Object.fromEntries(
    Object.entries(features).map(([name, value]) => [name, { float_list: { value: [value] } }]),
  );
  return { features: { feature } };
}

function list(...examples: Readonly<Record<string, number>>[]): object {
  return { example_list: { examples: examples.map(example) } };
}

interface Reply {
  readonly results?: unknown[];
  readonly error?: string;
}

describe('Classify, Regress and MultiInference over the wire', () => {
  let server: ServerProcess;
  let client: GrpcClient;
  before(async () => {
    server = await ServerProcess.start('iris', IRIS);
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  async function post(method: string, body: object): Promise<{ status: number; reply: Reply }> {
    const url = `${server.restUrl}/v1/models/iris:${method}`;
    // An integer literal would make an int64 feature, as upstream has it; the model wants floats.
    const text = JSON.stringify(body).replace(/:(\d+)(?=[,}])/g, ':$1.0');
    const response = await fetch(url, { method: 'POST', body: text });
    return { status: response.status, reply: (await response.json()) as Reply };
  }

  function spec(signature: string): object {
    return { name: 'iris', signature_name: signature };
  }

  async function refused(call: Promise<unknown>, code: StatusCode, text: string): Promise<void> {
    await assert.rejects(call, (error: unknown) => {
      const { details, code: given } = error as RpcError;
      assert.equal(details, text);
      assert.equal(given, code);
      return true;
    });
  }

  /** The label of the highest score. */
  function best(classes: readonly { label?: string; score?: number }[]): string | undefined {
    return [...classes].sort((a, b) => (b.score ?? 0) - (a.score ?? 0))[0]?.label;
  }

  it('classifies a list of examples over gRPC', async () => {
    const { result, model_spec: echoed } = await client.classify({
      model_spec: spec('classify'),
      input: list(VIRGINICA, SETOSA),
    });
    const { classifications } = result as {
      classifications: { classes: { label: string; score: number }[] }[];
    };
    assert.deepEqual(
      classifications.map(({ classes }) => best(classes)),
      ['virginica', 'setosa'],
    );
    assert.ok(Math.abs((classifications[0]?.classes[2]?.score ?? 0) - 0.8911) < 1e-3);
    assert.deepEqual(echoed, {
      name: 'iris',
      version: { value: '1' },
      signature_name: 'classify',
    });
  });

  it('regresses a list of examples over gRPC', async () => {
    const { result } = await client.regress({
      model_spec: spec('regress'),
      input: list(VIRGINICA),
    });
    const { regressions } = result as { regressions: { value: number }[] };
    assert.equal(regressions.length, 1);
    assert.ok(Math.abs((regressions[0]?.value ?? 0) - 2.1317) < 1e-3);
  });

  it('merges a context into every example, whose own features win', async () => {
    const { petal_width: petalWidth, ...context } = VIRGINICA;
    const { result } = await client.regress({
      model_spec: spec('regress'),
      input: {
        example_list_with_context: {
          context: example({ ...context, petal_width: 0 }),
          examples: [example({ petal_width: petalWidth }), example({ petal_length: 1.4 })],
        },
      },
    });
    const values = (result as { regressions: { value: number }[] }).regressions;
    assert.ok(Math.abs((values[0]?.value ?? 0) - 2.1317) < 1e-3);
    assert.notEqual(values[0]?.value, values[1]?.value);
  });

  it('answers several tasks with one run, in their order', async () => {
    const { results } = await client.multiInference({
      tasks: [
        { model_spec: spec('regress'), method_name: 'tensorflow/serving/regress' },
        { model_spec: spec('classify'), method_name: 'tensorflow/serving/classify' },
      ],
      input: list(VIRGINICA),
    });
    const [regression, classification] = results as [
      { regression_result: object; model_spec: { signature_name: string } },
      { classification_result: object; model_spec: { version: object } },
    ];
    assert.ok('regression_result' in regression);
    assert.equal(regression.model_spec.signature_name, 'regress');
    assert.ok('classification_result' in classification);
    assert.deepEqual(classification.model_spec.version, { value: '1' });
  });

  it('classifies and regresses over REST', async () => {
    const { reply } = await post('classify', { signature_name: 'classify', examples: [VIRGINICA] });
    const [classes] = reply.results as [[string, number][]];
    assert.equal(best(classes.map(([label, score]) => ({ label, score }))), 'virginica');
    const regressed = await post('regress', { signature_name: 'regress', examples: [VIRGINICA] });
    const [value] = regressed.reply.results as [number];
    assert.ok(Math.abs(value - 2.1317) < 1e-3);
  });

  it('takes a context over REST', async () => {
    const { petal_width: petalWidth, ...context } = VIRGINICA;
    const { reply } = await post('regress', {
      signature_name: 'regress',
      context,
      examples: [{ petal_width: petalWidth }],
    });
    assert.equal(reply.results?.length, 1);
  });

  for (const [name, call, code, text] of [
    [
      'an unknown signature',
      (c) => c.classify({ model_spec: spec('nope'), input: list(SETOSA) }),
      StatusCode.INVALID_ARGUMENT,
      'No signature was found with the name: nope',
    ],
    [
      'no examples',
      (c) => c.classify({ model_spec: spec('classify') }),
      StatusCode.INVALID_ARGUMENT,
      'Input is empty.',
    ],
    [
      'a context alone',
      (c) =>
        c.regress({
          model_spec: spec('regress'),
          input: { example_list_with_context: { context: example(SETOSA) } },
        }),
      StatusCode.INVALID_ARGUMENT,
      'Input is empty.',
    ],
    [
      'tasks of different models',
      (c) =>
        c.multiInference({
          tasks: [
            { model_spec: spec('regress'), method_name: 'tensorflow/serving/regress' },
            { model_spec: { name: 'other' }, method_name: 'tensorflow/serving/regress' },
          ],
          input: list(SETOSA),
        }),
      StatusCode.INVALID_ARGUMENT,
      'All ModelSpecs in a MultiInferenceRequest must access the same model name.',
    ],
    [
      'a signature asked for twice',
      (c) =>
        c.multiInference({
          tasks: [1, 2].map(() => ({
            model_spec: spec('regress'),
            method_name: 'tensorflow/serving/regress',
          })),
          input: list(SETOSA),
        }),
      StatusCode.INVALID_ARGUMENT,
      'Duplicate evaluation of signature: regress',
    ],
    [
      'a task of another method',
      (c) =>
        c.multiInference({
          tasks: [{ model_spec: spec('regress'), method_name: 'tensorflow/serving/predict' }],
          input: list(SETOSA),
        }),
      StatusCode.UNIMPLEMENTED,
      'Unsupported signature method_name: tensorflow/serving/predict',
    ],
    [
      'no tasks',
      (c) => c.multiInference({ input: list(SETOSA) }),
      StatusCode.INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ],
  ] as readonly [string, (client: GrpcClient) => Promise<unknown>, StatusCode, string][]) {
    it(`refuses ${name} with the words of upstream`, async () => {
      await refused(call(client), code, text);
    });
  }

  it('refuses a signature that is no classification, and shows it', async () => {
    await assert.rejects(
      client.classify({ model_spec: spec('serving_default'), input: list(SETOSA) }),
      (error: unknown) => {
        const { details } = error as RpcError;
        assert.match(details, /^No classification inputs found in SignatureDef: inputs {\n/);
        return true;
      },
    );
  });

  it('passes on what ParseExample says of a missing feature', async () => {
    await assert.rejects(
      client.regress({ model_spec: spec('regress'), input: list({ petal_width: 1 }) }),
      (error: unknown) => {
        assert.match((error as RpcError).details, /Feature: .* is required but could not be found/);
        return true;
      },
    );
  });

  it('says over REST which key is missing before it looks for the model', async () => {
    const url = `${server.restUrl}/v1/models/nope:classify`;
    const response = await fetch(url, { method: 'POST', body: '{}' });
    assert.equal(response.status, 400);
    assert.equal(
      ((await response.json()) as Reply).error,
      "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    );
  });
});
