/** tensorgate's admin API as a client speaks it: gRPC by protobufjs, REST by fetch. */
import { loadProtos } from '../../src/protos/protos.js';
import type { GrpcClient } from './grpc-client.js';

export const ADMIN_SERVICE = 'tensorgate.AdminService';

const service = loadProtos(['tensorgate/admin.proto']).lookupService(ADMIN_SERVICE);

export type Json = Record<string, unknown>;

/** Calls a method with a message in its plain form; rejects with an RpcError. */
export async function call(client: GrpcClient, method: string, request: object): Promise<Json> {
  const { resolvedRequestType, resolvedResponseType } = service.methods[method] ?? {};
  if (!resolvedRequestType || !resolvedResponseType) throw new Error(`no method ${method}`);
  const message = resolvedRequestType.fromObject(request);
  const bytes = resolvedRequestType.encode(message).finish();
  const reply = await client.raw(`/${ADMIN_SERVICE}/${method}`, bytes);
  return resolvedResponseType.toObject(resolvedResponseType.decode(reply), {
    longs: String,
    enums: String,
  });
}

/** `2 AVAILABLE, 1 END` of each model in a ChangeResponse, after its name and what is wrong. */
export function resultText(response: Json): string {
  const results = (response['result'] ?? []) as {
    name: string;
    status: { error_code?: string };
    model_version_status?: { version: string; state: string }[];
  }[];
  return results
    .map(({ name, status, model_version_status: versions = [] }) => {
      const code = status.error_code ?? 'OK';
      return `${name} ${code}: ${versions.map((each) => `${each.version} ${each.state}`).join(', ')}`;
    })
    .join('; ');
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export async function ask(
  base: string,
  method: string,
  path: string,
  body?: object | string,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const response = await fetch(`${base}${path}`, {
    method,
    headers,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: response.status, body: await response.text() };
}
