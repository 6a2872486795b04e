/**
 * The floor of the grpc-js transport: a process that answers every unary call with constant
 * bytes, without decoding anything. What tensorgate needs beyond this is its own work.
 * Run as: node echo-grpc-js.js --port=PORT --path=/package.Service/Method --reply=FILE
 */
import { type MethodDefinition, Server, ServerCredentials } from '@grpc/grpc-js';

import { echoOptions } from './echo-options.js';

const { port, path, reply } = echoOptions();

const sameBytes = (bytes: Buffer): Buffer => bytes;
const method: MethodDefinition<Buffer, Buffer> = {
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: sameBytes,
  requestDeserialize: sameBytes,
  responseSerialize: sameBytes,
  responseDeserialize: sameBytes,
};

const server = new Server({
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
});
server.addService(
  { answer: method },
  {
    answer: (_call: unknown, callback: (error: null, reply: Buffer) => void) => {
      callback(null, reply);
    },
  },
);
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
