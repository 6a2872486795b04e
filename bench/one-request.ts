/** Single requests outside the measurement: is the server up, and what does it answer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import type { ServerCase, Transport } from './cases.js';
import { pathOf } from './cases.js';
import { addressOf, type Endpoint } from './endpoint.js';
import {
  decodePredictOutput,
  encodeStatusRequest,
  statusNamesAvailable,
} from './predict-message.js';

const STATUS_PATH = '/tensorflow.serving.ModelService/GetModelStatus';

/** True once the server says that a version of the model is available; throws where it is unknown. */
export async function isAvailable(
  transport: Transport,
  endpoint: Endpoint,
  model: string,
): Promise<boolean> {
  if (transport === 'grpc') {
    const reply = await grpcReply(endpoint, STATUS_PATH, encodeStatusRequest(model));
    return statusNamesAvailable(reply);
  }
  const response = await fetch(`http://${addressOf(endpoint)}/v1/models/${model}`);
  const status = (await response.json()) as { model_version_status?: { state: string }[] };
  return status.model_version_status?.some(({ state }) => state === 'AVAILABLE') ?? false;
}

export async function acceptsConnections({ host, port }: Endpoint): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** The server's reply to the request of a case; throws when it is not the right answer. */
export async function fetchReply(one: ServerCase, endpoint: Endpoint): Promise<Buffer> {
  const path = pathOf(one.transport, one.model);
  const reply =
    one.transport === 'rest'
      ? await restReply(endpoint, path, one.body)
      : await grpcReply(endpoint, path, one.body);
  const output = one.transport === 'rest' ? restOutput(reply) : grpcOutput(one, reply);
  const { expected, outputSize } = one.model;
  const right =
    output.length === outputSize && (expected ?? []).every((value, i) => output[i] === value);
  if (!right) {
    throw new Error(`${one.name}: wrong answer ${reply.toString('latin1').slice(0, 200)}`);
  }
  return reply;
}

async function restReply(endpoint: Endpoint, path: string, body: Buffer): Promise<Buffer> {
  const response = await fetch(`http://${addressOf(endpoint)}${path}`, {
    method: 'POST',
    body: new Uint8Array(body),
  });
  const reply = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${reply.toString()}`);
  return reply;
}

async function grpcReply(endpoint: Endpoint, path: string, body: Buffer): Promise<Buffer> {
  const client = new Client(addressOf(endpoint), credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
  const sameBytes = (bytes: Buffer): Buffer => bytes;
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, sameBytes, sameBytes, body, (error, reply) => {
        if (error !== null) reject(error);
        else resolve(reply ?? Buffer.alloc(0));
      });
    });
  } finally {
    client.close();
  }
}

function restOutput(reply: Buffer): number[] {
  const { predictions } = JSON.parse(reply.toString()) as { predictions: unknown[] };
  return predictions.flat(Infinity) as number[];
}

function grpcOutput(one: ServerCase, reply: Buffer): Float32Array {
  return decodePredictOutput(reply, one.model.output) ?? new Float32Array();
}
