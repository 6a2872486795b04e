import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { loadProtos } from '../../src/protos/protos.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { encode, GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

const GET_MODEL_METADATA = '/tensorflow.serving.PredictionService/GetModelMetadata';
const SIGNATURE_DEF_MAP = 'type.googleapis.com/tensorflow.serving.SignatureDefMap';
const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));
const BESIDE = fileURLToPath(new URL('../../../../shared/testdata/upstream', import.meta.url));
const TESTDATA = join(
  process.env['TENSORGATE_TESTDATA'] ?? BESIDE,
  'tensorflow_serving/servables/tensorflow/testdata',
);

const root = loadProtos(['tensorflow_serving/apis/get_model_metadata.proto']);

interface Reply {
  readonly model_spec: object;
  readonly metadata: Record<string, { type_url: string; value: Buffer }>;
}

describe('GetModelMetadata over gRPC', () => {
  let server: ServerProcess;
  let client: GrpcClient;
  before(async () => {
    server = await ServerProcess.start('m', model('multi_io'));
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
  });

  const ask = (request: object): Promise<Buffer> =>
    client.raw(GET_MODEL_METADATA, encode('GetModelMetadataRequest', request));

  it('answers with all signatures in an Any, and name and version', async () => {
    const type = root.lookupType('tensorflow.serving.GetModelMetadataResponse');
    const reply = await ask({ model_spec: { name: 'm' }, metadata_field: ['signature_def'] });
    const { model_spec: spec, metadata } = type.toObject(type.decode(reply), {
      longs: String,
    }) as Reply;
    assert.deepEqual(spec, { name: 'm', version: { value: '1' } });
    assert.deepEqual(Object.keys(metadata), ['signature_def']);
    const any = metadata['signature_def'];
    assert.equal(any?.type_url, SIGNATURE_DEF_MAP);
    const map = root.lookupType('tensorflow.serving.SignatureDefMap').decode(any.value);
    const { signature_def: signatures } = map as unknown as { signature_def: object };
    assert.ok('serving_default' in signatures);
  });

  for (const [what, request, code, details] of [
    ['no spec', { metadata_field: ['x'] }, StatusCode.INVALID_ARGUMENT, 'Missing ModelSpec'],
    [
      'no field, before the name is looked at',
      { model_spec: {} },
      StatusCode.INVALID_ARGUMENT,
      'GetModelMetadataRequest must specify at least one metadata_field',
    ],
    [
      'a field that is not known, before the name is looked at',
      { model_spec: {}, metadata_field: ['signature_def', 'graph'] },
      StatusCode.INVALID_ARGUMENT,
      'Metadata field graph is not supported',
    ],
    [
      'no name',
      { model_spec: {}, metadata_field: ['signature_def'] },
      StatusCode.INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ],
    [
      'a model that is not served',
      { model_spec: { name: 'n' }, metadata_field: ['signature_def'] },
      StatusCode.NOT_FOUND,
      'Servable not found for request: Latest(n)',
    ],
    [
      'a version that is not served',
      { model_spec: { name: 'm', version: { value: 7 } }, metadata_field: ['signature_def'] },
      StatusCode.NOT_FOUND,
      'Servable not found for request: Specific(m, 7)',
    ],
    [
      'a label that is not assigned',
      { model_spec: { name: 'm', version_label: 'l' }, metadata_field: ['signature_def'] },
      StatusCode.INVALID_ARGUMENT,
      'Unrecognized servable version label: l',
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(ask(request), { code, details });
    });
  }

  it('refuses bytes that are no message', async () => {
    await assert.rejects(client.raw(GET_MODEL_METADATA, Buffer.from('nonsense')), {
      code: StatusCode.INVALID_ARGUMENT,
    });
  });
});

describe('Model metadata over REST', () => {
  it('prints the defaults of a signature, and errors as elsewhere', async () => {
    const server = await ServerProcess.start('m', model('defaults'));
    const get = (path: string): Promise<Response> => fetch(`${server.restUrl}${path}`);
    const response = await get('/v1/models/m/versions/1/metadata');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    const text = await response.text();
    assert.ok(
      text.startsWith(
        '{\n"model_spec":{\n "name": "m",\n "version": "1",\n "signature_name": ""\n}\n,\n' +
          '"metadata": {"signature_def": {\n "signature_def": {\n',
      ),
      text,
    );
    assert.ok(text.endsWith('\n }\n}\n}\n}\n'), text);
    const { metadata } = JSON.parse(text) as {
      metadata: {
        signature_def: { signature_def: Record<string, { defaults: Record<string, object> }> };
      };
    };
    const defaults = metadata.signature_def.signature_def['serving_default']?.defaults ?? {};
    assert.notDeepEqual(defaults, {});
    for (const tensor of Object.values(defaults)) {
      assert.deepEqual(Object.keys(tensor).slice(0, 3), [
        'dtype',
        'tensor_shape',
        'version_number',
      ]);
      assert.equal(Object.keys(tensor).length, 18);
    }
    const missing = await get('/v1/models/m/versions/9/metadata');
    assert.equal(missing.status, 404);
    assert.match(await missing.text(), /Servable not found for request: Specific\(m, 9\)/);
    const label = await get('/v1/models/m/labels/l/metadata');
    assert.equal(label.status, 400);
    assert.match(await label.text(), /Unrecognized servable version label: l/);
    assert.equal((await server.stop()).code, 0);
  });

  for (const [name, expected] of [
    ['saved_model_half_plus_two_2_versions', 'saved_model_half_plus_two_2_versions_metadata.json'],
    ['saved_model_half_plus_two_cpu', 'half_plus_two_model_metadata.json'],
  ] as const) {
    const test = `is what upstream expects of ${name}`;
    if (!existsSync(TESTDATA)) {
      it(test, function () {
        Object.assign(this.test ?? {}, { skipReason: `it is not at hand: no ${TESTDATA}` });
        this.skip();
      });
      continue;
    }
    it(test, async () => {
      const base = mkdtempSync(join(tmpdir(), 'tensorgate-metadata-'));
      cpSync(join(TESTDATA, name, '00000123'), join(base, '123'), { recursive: true });
      const server = await ServerProcess.start('m', base);
      const response = await fetch(`${server.restUrl}/v1/models/m/versions/123/metadata`);
      const reply = (await response.json()) as object;
      assert.equal((await server.stop()).code, 0);
      rmSync(base, { recursive: true });
      const document = JSON.parse(readFileSync(join(TESTDATA, expected), 'utf8')) as {
        model_spec: object;
      };
      assert.deepEqual(reply, { ...document, model_spec: { ...document.model_spec, name: 'm' } });
    });
  }
});
