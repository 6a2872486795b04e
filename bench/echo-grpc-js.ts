/**
 * The floor of the grpc-js transport: a process that answers every unary call with constant
 * bytes, without decoding anything. What tensorgate needs beyond this is its own work.
 * Run as: node echo-grpc-js.js --port=PORT --path=/package.Service/Method --reply=FILE
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type MethodDefinition, Server, ServerCredentials } from '@grpc/grpc-js';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    path: { type: 'string' },
    reply: { type: 'string' },
  },
});
const reply = readFileSync(values.reply ?? '/dev/null');

const sameBytes = (bytes: Buffer): Buffer => bytes;
const method: MethodDefinition<Buffer, Buffer> = {
  path: values.path ?? '/echo.Echo/Echo',
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
server.bindAsync(`127.0.0.1:${values.port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
