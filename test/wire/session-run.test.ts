import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { StatusCode } from '../../src/status/serving-error.js';
import { encode, floats, GrpcClient, SESSION_RUN } from './grpc-client.js';
import { reflected } from './reflected.js';
import { ServerProcess } from './server-process.js';

const model = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const HALF_PLUS_TWO = model('examples/models/half_plus_two');
const SLOW = model('test/models/slow');
const SERVICE = 'tensorflow.serving.SessionService';

const model_spec = { name: 'm' };
const feedX = (name = 'x:0'): object => ({ name, tensor: floats(1, 2, 5) });
const answer = (name: string, ...values: number[]): object => ({
  name,
  tensor: {
    dtype: 'DT_FLOAT',
    tensor_shape: { dim: [{ size: String(values.length) }] },
    float_val: values,
  },
});
const SPEC = { name: 'm', version: { value: '1' } };

describe('SessionRun with --enable_session_run', () => {
  let server: ServerProcess;
  let client: GrpcClient;
  before(async () => {
    server = await ServerProcess.start('m', HALF_PLUS_TWO, '--enable_session_run');
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  it('feeds and fetches tensors of the graph, named as they were asked for', async () => {
    assert.deepEqual(
      await client.sessionRun({ model_spec, feed: [feedX()], fetch: ['y:0', 'y'] }),
      {
        tensor: [answer('y:0', 2.5, 3, 4.5), answer('y', 2.5, 3, 4.5)],
        model_spec: SPEC,
      },
    );
  });

  it("takes aliases of the model's signatures", async () => {
    const request = { feed: [feedX('x')], fetch: ['y'], tensor_name_is_alias: true };
    const tensor = [answer('y', 2.5, 3, 4.5)];
    assert.deepEqual(await client.sessionRun({ model_spec, ...request }), {
      tensor,
      model_spec: SPEC,
    });
    const signature = { signature_name: 'serving_default' };
    assert.deepEqual(
      await client.sessionRun({ model_spec: { ...SPEC, ...signature }, ...request }),
      {
        tensor,
        model_spec: { ...SPEC, ...signature },
      },
    );
  });

  it('runs targets', async () => {
    assert.deepEqual(await client.sessionRun({ model_spec, target: ['init'] }), {
      model_spec: SPEC,
    });
  });

  it('answers OK where the timeout of the options is not reached', async () => {
    const options = { timeout_in_ms: 60_000 };
    const reply = await client.sessionRun({ model_spec, feed: [feedX()], fetch: ['y'], options });
    assert.deepEqual(reply['tensor'], [answer('y', 2.5, 3, 4.5)]);
  });

  const run = { feed: [feedX()], fetch: ['y:0'] };
  const notInGraph = (name: string): string =>
    `Tensor ${name}, specified in either feed_devices or fetch_devices was not found in the Graph`;
  for (const [what, request, code, details] of [
    ['no model spec', run, StatusCode.INVALID_ARGUMENT, 'Missing ModelSpec'],
    [
      'no model name',
      { model_spec: {}, ...run },
      StatusCode.INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ],
    [
      'an unknown model',
      { model_spec: { name: 'nope' }, ...run },
      StatusCode.NOT_FOUND,
      'Servable not found for request: Latest(nope)',
    ],
    [
      'an unknown version',
      { model_spec: { name: 'm', version: { value: 9 } }, ...run },
      StatusCode.NOT_FOUND,
      'Servable not found for request: Specific(m, 9)',
    ],
    [
      'nothing to do',
      { model_spec, feed: [feedX()] },
      StatusCode.INVALID_ARGUMENT,
      'Must specify at least one target to fetch or execute.',
    ],
    [
      'an unknown fetch',
      { model_spec, fetch: ['nope'] },
      StatusCode.INVALID_ARGUMENT,
      notInGraph('nope:0'),
    ],
    [
      'a feed with a NUL in its name',
      { model_spec, feed: [feedX('x\0')], fetch: ['y'] },
      StatusCode.INVALID_ARGUMENT,
      notInGraph('x\0:0'),
    ],
    [
      'an unknown target',
      { model_spec, target: ['nope'] },
      StatusCode.NOT_FOUND,
      'PruneForTargets: Some target nodes not found: nope ',
    ],
    [
      'a broken tensor',
      { model_spec, feed: [{ name: 'x:0' }], fetch: ['y'] },
      StatusCode.INVALID_ARGUMENT,
      'tensor parsing error: x:0',
    ],
    [
      'a trace level',
      { model_spec, ...run, options: { trace_level: 'FULL_TRACE' } },
      StatusCode.INVALID_ARGUMENT,
      'options.trace_level is not supported',
    ],
    [
      '100,000 fetches',
      { model_spec, feed: [feedX()], fetch: new Array<string>(100_000).fill('y:0') },
      StatusCode.INVALID_ARGUMENT,
      'SessionRunRequest: more than 4096 in fetch',
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(client.sessionRun(request), { code, details });
    });
  }

  it('is listed by reflection', async () => {
    const { services, declares } = await reflected(server.grpcAddress, `${SERVICE}.SessionRun`);
    assert.ok(services.includes(SERVICE));
    assert.ok(declares);
  });
});

describe('SessionRun that takes too long', () => {
  it('is ended at the timeout of its options', async () => {
    const server = await ServerProcess.start('m', SLOW, '--enable_session_run');
    const client = new GrpcClient(server.grpcAddress);
    const iterations = {
      dtype: 'DT_INT32',
      tensor_shape: { dim: [{ size: 1 }] },
      int_val: [0x7fffffff],
    };
    await assert.rejects(
      client.sessionRun({
        model_spec,
        feed: [feedX(), { name: 'iterations', tensor: iterations }],
        fetch: ['y'],
        options: { timeout_in_ms: 1 },
      }),
      { code: StatusCode.DEADLINE_EXCEEDED, details: 'Timed out waiting for notification' },
    );
    client.close();
    const { code, stderr } = await server.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /still in flight/); // the run is over too, not only the call
  });
});

describe('SessionRun without its flag', () => {
  it('is UNIMPLEMENTED without a text, and not listed by reflection', async () => {
    const server = await ServerProcess.start('m', HALF_PLUS_TWO);
    const client = new GrpcClient(server.grpcAddress);
    const request = encode('SessionRunRequest', {
      model_spec,
      ...{ feed: [feedX()], fetch: ['y'] },
    });
    for (const body of [request, new Uint8Array(), Buffer.from([255])]) {
      await assert.rejects(client.raw(SESSION_RUN, body), {
        code: StatusCode.UNIMPLEMENTED,
        details: '',
      });
    }
    const { services, declares } = await reflected(server.grpcAddress, `${SERVICE}.SessionRun`);
    assert.ok(!services.includes(SERVICE));
    assert.ok(!declares);
    client.close();
    assert.equal((await server.stop()).code, 0);
  });
});
