/** The servers that a run of the bench compares: variants of tensorgate, and one that runs already. */
import assert from 'node:assert/strict';
import { addressOf } from '../../../bench/endpoint.js';
import { checkReachable, findOtherServer } from '../../../bench/other-server.js';
import { modelConfig } from '../../../bench/own-server.js';
import { freePort } from '../../../bench/processes.js';
import { LOADED_TOGETHER } from '../../../bench/model-cases.js';
import { takesPart, variantsOf } from '../../../bench/variants.js';

describe('variants of the server under test', () => {
  it('are one without flags when nothing is asked for', () => {
    assert.deepEqual(variantsOf({ plans: [], transports: [], serverFlags: [] }), [
      { name: 'tensorgate', flags: [], grpcOnly: false, grpcTransport: null },
    ]);
  });

  it('are every combination, named by what differs', () => {
    const variants = variantsOf({
      plans: ['as-saved', 'frozen'],
      transports: ['grpc-js', 'native'],
      serverFlags: ['', '--a=1  --b'],
    });
    assert.equal(variants.length, 8);
    assert.equal(variants[0]?.name, 'as-saved, grpc-js');
    assert.equal(variants[7]?.name, 'frozen, native, --a=1  --b');
    const flags = ['--plan=frozen', '--grpc_transport=native', '--a=1', '--b'];
    assert.deepEqual(variants[7]?.flags, flags);
  });

  it('are asked over REST once for all gRPC transports', () => {
    const variants = variantsOf({
      plans: ['auto'],
      transports: ['grpc-js', 'native'],
      serverFlags: [],
    });
    const asked = (transport: 'rest' | 'grpc'): string[] =>
      variants.filter((one) => takesPart(one, { transport })).map(({ name }) => name);
    assert.deepEqual(asked('rest'), ['auto, grpc-js']);
    assert.deepEqual(asked('grpc'), ['auto, grpc-js', 'auto, native']);
  });
});

describe('a server to compare with', () => {
  it('is given by its gRPC and REST port, either of which may be missing', async () => {
    const both = await findOtherServer('127.0.0.1:8500,localhost:8501');
    assert.deepEqual(both.endpoints, {
      grpc: { host: '127.0.0.1', port: 8500 },
      rest: { host: '127.0.0.1', port: 8501 },
    });
    assert.equal((await findOtherServer('[::1]:8500')).endpoints.rest, null);
    assert.equal((await findOtherServer(',127.0.0.1:1')).endpoints.grpc, null);
  });

  it('is refused when it is no such thing', async () => {
    for (const text of [
      '',
      ',',
      'host',
      '127.0.0.1:0',
      '127.0.0.1:65536',
      'a:1,b:2,c:3',
      '::1:80',
    ]) {
      await assert.rejects(findOtherServer(text), /--against/, text);
    }
  });

  it('is refused where nothing listens', async () => {
    const port = await freePort();
    const other = await findOtherServer(`127.0.0.1:${port}`);
    const message = new RegExp(
      `^Error: --against: 127.0.0.1:${port} cannot be reached: .*ECONNREFUSED`,
    );
    await assert.rejects(checkReachable(other), message);
  });

  it('has addresses that URLs can hold', () => {
    assert.equal(addressOf({ host: '::1', port: 80 }), '[::1]:80');
    assert.equal(addressOf({ host: '10.0.0.1', port: 80 }), '10.0.0.1:80');
  });
});

describe('the configuration of several models', () => {
  it('names each with its folder', () => {
    const config = modelConfig(LOADED_TOGETHER);
    assert.equal(config.match(/model_platform: "tensorflow"/g)?.length, 5);
    assert.match(config, /name: "resnet50" base_path: "\/.*\/build\/bench-models\/resnet50"/);
  });
});
