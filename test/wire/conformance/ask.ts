/** Asks what a case asks, and compares: over gRPC with protobufjs, over REST with Node's plain client. */
import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

import { loadProtos } from '../../../src/protos/protos.js';
import { GrpcClient, type RpcError } from '../grpc-client.js';
import type { GrpcCase, GrpcMethod, RestCase, Text } from './case.js';

const API = 'tensorflow.serving';
const root = loadProtos(
  ['prediction_service', 'model_service'].map((name) => `tensorflow_serving/apis/${name}.proto`),
);

const TYPES: Readonly<Record<GrpcMethod, readonly [string, string, string]>> = {
  Predict: ['PredictionService', 'PredictRequest', 'PredictResponse'],
  Classify: ['PredictionService', 'ClassificationRequest', 'ClassificationResponse'],
  Regress: ['PredictionService', 'RegressionRequest', 'RegressionResponse'],
  MultiInference: ['PredictionService', 'MultiInferenceRequest', 'MultiInferenceResponse'],
  GetModelMetadata: ['PredictionService', 'GetModelMetadataRequest', 'GetModelMetadataResponse'],
  GetModelStatus: ['ModelService', 'GetModelStatusRequest', 'GetModelStatusResponse'],
  HandleReloadConfigRequest: ['ModelService', 'ReloadConfigRequest', 'ReloadConfigResponse'],
};

function assertText(actual: string, expected: Text): void {
  if (typeof expected === 'string') assert.equal(actual, expected);
  else assert.ok(actual.includes(expected.contains), `no ${expected.contains} in: ${actual}`);
}

export async function askGrpc(client: GrpcClient, asked: GrpcCase): Promise<void> {
  const { method, request, expect } = asked;
  const [service, requestType, replyType] = TYPES[method];
  const type = root.lookupType(`${API}.${requestType}`);
  const bytes = type.encode(type.fromObject(request)).finish();
  const call = client.raw(`/${API}.${service}/${method}`, bytes);
  if ('code' in expect) {
    await assert.rejects(call, (error: unknown) => {
      const { code, details } = error as RpcError;
      assertText(details, expect.message);
      assert.equal(code, expect.code);
      return true;
    });
    return;
  }
  const message = root.lookupType(`${API}.${replyType}`);
  const reply = message.toObject(message.decode(await call), { longs: String, enums: String });
  if ('reply' in expect) assert.deepEqual(reply, expect.reply);
  else assertSignatures(reply, expect);
}

/** The reply to GetModelMetadata holds its signatures in an Any. */
function assertSignatures(
  reply: Record<string, unknown>,
  expect: { readonly model_spec: object; readonly signatures: readonly string[] },
): void {
  assert.deepEqual(reply['model_spec'], expect.model_spec);
  const metadata = reply['metadata'] as Record<string, { type_url: string; value: Buffer }>;
  assert.deepEqual(Object.keys(metadata), ['signature_def']);
  const any = metadata['signature_def'];
  assert.equal(any?.type_url, `type.googleapis.com/${API}.SignatureDefMap`);
  const map = root.lookupType(`${API}.SignatureDefMap`).decode(any.value);
  const { signature_def: signatures } = map as unknown as { signature_def: object };
  assert.deepEqual(Object.keys(signatures).sort(), [...expect.signatures].sort());
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own; the target is sent as it stands. */
export function http(
  port: number,
  { method, path, body, headers }: Omit<RestCase, 'expect'>,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: false,
      headers: { ...headers },
    };
    const request = httpRequest(options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode, headers } = response;
        resolve({ status: statusCode ?? 0, headers, body: Buffer.concat(pieces).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Not the API's, but the connection's. */
const OF_HTTP = new Set(['date', 'content-length', 'connection', 'keep-alive']);

export async function askRest(port: number, asked: RestCase): Promise<void> {
  const { status, headers, body } = await http(port, asked);
  const { expect } = asked;
  if (expect.error !== undefined) assertError(body, expect.error);
  if (expect.body !== undefined) assertText(body, expect.body);
  if (expect.json !== undefined) assert.deepEqual(JSON.parse(body), expect.json);
  assert.equal(status, expect.status);
  if (expect.headers !== undefined) {
    const own = Object.entries(headers).filter(([name]) => !OF_HTTP.has(name));
    assert.deepEqual(Object.fromEntries(own), expect.headers);
  }
}

function assertError(body: string, expected: Text): void {
  if (typeof expected === 'string') {
    assert.equal(body, `{\n    "error": ${JSON.stringify(expected)}\n}`);
    return;
  }
  const reply = JSON.parse(body) as { error: string };
  assert.deepEqual(Object.keys(reply), ['error']);
  assertText(reply.error, expected);
}
