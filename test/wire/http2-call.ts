/** A gRPC call as bytes, by Node's HTTP/2 client: any message, any header, no deadline of the client's. */
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';

/** A message with its prefix, which may lie. */
export function message(bytes: Uint8Array, flag = 0, length = bytes.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

/** The headers and trailers of the answer. */
export async function postGrpc(
  address: string,
  path: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingHttpHeaders> {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let answer: IncomingHttpHeaders = {};
  stream.on('response', (fields) => (answer = { ...answer, ...fields }));
  stream.on('trailers', (fields: IncomingHttpHeaders) => (answer = { ...answer, ...fields }));
  stream.resume();
  stream.end(body);
  await once(stream, 'close');
  session.close();
  return answer;
}
