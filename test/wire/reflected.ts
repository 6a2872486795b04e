/** What gRPC reflection says of a server. */
import { once } from 'node:events';

import * as grpc from '@grpc/grpc-js';

import { loadProtos } from '../../src/protos/protos.js';

/** The services, and whether a symbol is declared, as reflection tells them. */
export async function reflected(
  address: string,
  symbol: string,
): Promise<{ services: string[]; declares: boolean }> {
  const root = loadProtos(['grpc/reflection/v1/reflection.proto']);
  const request = root.lookupType('grpc.reflection.v1.ServerReflectionRequest');
  const response = root.lookupType('grpc.reflection.v1.ServerReflectionResponse');
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const ask = async (question: object): Promise<Record<string, unknown>> => {
    const stream = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      (value: object) => Buffer.from(request.encode(request.create(value)).finish()),
      (bytes: Buffer) => response.toObject(response.decode(bytes)),
    );
    stream.write(question);
    stream.end();
    const [reply] = (await once(stream, 'data')) as [Record<string, unknown>];
    await once(stream.resume(), 'end');
    return reply;
  };
  const { list_services_response: list } = await ask({ list_services: '' });
  const { service } = list as { service: { name: string }[] };
  const found = await ask({ file_containing_symbol: symbol });
  client.close();
  return { services: service.map(({ name }) => name), declares: !('error_response' in found) };
}
