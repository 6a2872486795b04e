import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import * as grpc from '@grpc/grpc-js';
import descriptorTypes, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';

import { loadProtos } from '../../src/protos/protos.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/versions', import.meta.url));
const V1 = 'grpc.reflection.v1';
const V1_ALPHA = 'grpc.reflection.v1alpha';
const root = loadProtos(['grpc/reflection/v1/reflection.proto']);
const requestType = root.lookupType(`${V1}.ServerReflectionRequest`);
const responseType = root.lookupType(`${V1}.ServerReflectionResponse`);

interface Reply {
  readonly valid_host: string;
  readonly original_request: object;
  readonly list_services_response: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response: { readonly file_descriptor_proto: readonly Buffer[] };
  readonly all_extension_numbers_response: object;
  readonly error_response: object;
}

function filesOf(reply: Reply): IFileDescriptorProto[] {
  const { FileDescriptorProto } = descriptorTypes;
  return reply.file_descriptor_response.file_descriptor_proto.map(
    (bytes) => FileDescriptorProto.toObject(FileDescriptorProto.decode(bytes)) as object,
  );
}

describe('gRPC reflection', () => {
  let server: ServerProcess;
  let client: grpc.Client;
  before(async () => {
    server = await ServerProcess.start('m', MODEL);
    client = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
  });
  after(() => {
    client.close();
  });

  function open(version: string): grpc.ClientDuplexStream<object, Reply> {
    return client.makeBidiStreamRequest(
      `/${version}.ServerReflection/ServerReflectionInfo`,
      (request: object) => Buffer.from(requestType.encode(requestType.create(request)).finish()),
      (bytes: Buffer) => responseType.toObject(responseType.decode(bytes)) as Reply,
    );
  }

  async function ask(request: object, version = V1): Promise<Reply> {
    const stream = open(version);
    stream.write(request);
    stream.end();
    const [reply] = (await once(stream, 'data')) as [Reply];
    await once(stream.resume(), 'end');
    return reply;
  }

  for (const version of [V1, V1_ALPHA]) {
    it(`lists the services over ${version}`, async () => {
      const reply = await ask({ host: 'h', list_services: '*' }, version);
      assert.equal(reply.valid_host, 'h');
      assert.deepEqual(reply.original_request, { host: 'h', list_services: '*' });
      assert.deepEqual(
        reply.list_services_response.service.map(({ name }) => name),
        [
          'tensorflow.serving.PredictionService',
          'tensorflow.serving.ModelService',
          'tensorflow.ProfilerService',
          'grpc.health.v1.Health',
          `${V1}.ServerReflection`,
          `${V1_ALPHA}.ServerReflection`,
        ],
      );
    });
  }

  it('finds each service, with files that import one another by their own names', async () => {
    const { list_services_response: list } = await ask({ list_services: '' });
    for (const { name } of list.service) {
      const files = filesOf(await ask({ file_containing_symbol: name }));
      const names = new Set(files.map((file) => file.name));
      assert.equal(names.size, files.length);
      assert.ok(
        files[0]?.service?.some((service) => name.endsWith(`.${service.name}`)),
        name,
      );
      for (const imported of files.flatMap((file) => (file.dependency ?? []) as string[])) {
        assert.ok(names.has(imported), imported);
      }
    }
  });

  it('finds files by what they declare', async () => {
    for (const [symbol, file] of [
      [
        'tensorflow.serving.PredictionService.Predict',
        'tensorflow_serving/apis/prediction_service.proto',
      ],
      ['tensorflow.serving.PredictRequest.inputs', 'tensorflow_serving/apis/predict.proto'],
      ['tensorflow.TensorInfo.CooSparse', 'tensorflow/core/protobuf/meta_graph.proto'],
      ['tensorflow.DT_FLOAT', 'tensorflow/core/framework/types.proto'],
      ['google.protobuf.Int64Value', 'google/protobuf/wrappers.proto'],
    ]) {
      assert.equal(filesOf(await ask({ file_containing_symbol: symbol }))[0]?.name, file);
    }
  });

  it("names a map's entries as protoc does, which strict readers insist on", async () => {
    const [file] = filesOf(
      await ask({ file_by_filename: 'tensorflow_serving/apis/predict.proto' }),
    );
    const message = file?.messageType?.find(({ name }) => name === 'PredictRequest');
    const field = message?.field?.find(({ name }) => name === 'inputs');
    assert.equal(field?.typeName, '.tensorflow.serving.PredictRequest.InputsEntry');
    assert.ok(message?.nestedType?.some(({ name }) => name === 'InputsEntry'));
  });

  it('says what it does not find', async () => {
    for (const [request, code, message] of [
      [{ file_containing_symbol: 'no.Such' }, StatusCode.NOT_FOUND, 'Symbol not found.'],
      [{ file_by_filename: 'no.proto' }, StatusCode.NOT_FOUND, 'File not found.'],
      [{ all_extension_numbers_of_type: 'no.Such' }, StatusCode.NOT_FOUND, 'Type not found.'],
      [
        {
          file_containing_extension: {
            containing_type: 'tensorflow.TensorProto',
            extension_number: 1,
          },
        },
        StatusCode.NOT_FOUND,
        'Extension not found.',
      ],
      [{}, StatusCode.UNIMPLEMENTED, ''],
    ] as const) {
      assert.deepEqual((await ask(request)).error_response, {
        error_code: code,
        ...(message === '' ? {} : { error_message: message }),
      });
    }
    const type = 'tensorflow.TensorProto';
    const reply = await ask({ all_extension_numbers_of_type: type });
    assert.deepEqual(reply.all_extension_numbers_response, { base_type_name: type });
  });

  it('refuses bytes that are no request', async () => {
    const stream = client.makeBidiStreamRequest(
      `/${V1}.ServerReflection/ServerReflectionInfo`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    stream.write(Buffer.from([10, 200]));
    const [error] = (await once(stream.resume(), 'error').catch((e: unknown) => [e])) as [
      grpc.ServiceError,
    ];
    assert.equal(error.code, StatusCode.INTERNAL);
  });

  it('does not hold up the drain with a stream that stays open', async () => {
    const stream = open(V1);
    stream.write({ list_services: '' });
    await once(stream, 'data');
    const end = once(stream.resume(), 'end');
    const exit = server.stop();
    await end;
    const { code, stderr } = await exit;
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /still in flight/);
  });
});
