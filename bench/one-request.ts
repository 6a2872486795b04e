/** Single requests outside the measurement: is the server up, and what does it answer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import type { ServerCase } from './cases.js';
import { pathOf } from './cases.js';
import { decodePredictOutput } from './predict-message.js';

/** True once GET /v1/models/<name> says that a version is available. */
export async function isAvailable(restPort: number, model: string): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${restPort}/v1/models/${model}`);
  const status = (await response.json()) as { model_version_status?: { state: string }[] };
  return status.model_version_status?.some(({ state }) => state === 'AVAILABLE') ?? false;
}

export async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** The server's reply to the request of a case; throws when it is not the right answer. */
export async function fetchReply(one: ServerCase, port: number): Promise<Buffer> {
  const path = pathOf(one.transport, one.model);
  const reply =
    one.transport === 'rest'
      ? await restReply(port, path, one.body)
      : await grpcReply(port, path, one.body);
  const output = one.transport === 'rest' ? restOutput(reply) : grpcOutput(one, reply);
  const { expected, outputSize } = one.model;
  const right =
    output.length === outputSize && (expected ?? []).every((value, i) => output[i] === value);
  if (!right) {
    throw new Error(`${one.name}: wrong answer ${reply.toString('latin1').slice(0, 200)}`);
  }
  return reply;
}

async function restReply(port: number, path: string, body: Buffer): Promise<Buffer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body: new Uint8Array(body),
  });
  const reply = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${reply.toString()}`);
  return reply;
}

async function grpcReply(port: number, path: string, body: Buffer): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
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
