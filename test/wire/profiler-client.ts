/** tensorflow.ProfilerService as a client speaks it. */
import { loadProtos } from '../../src/protos/protos.js';
import type { GrpcClient } from './grpc-client.js';

const root = loadProtos(['tsl/profiler/protobuf/profiler_service.proto']);

export const PROFILER_SERVICE = 'tensorflow.ProfilerService';

export interface ProfileReply {
  readonly tool_data?: readonly { readonly name: string; readonly data: Buffer }[];
  readonly empty_trace?: boolean;
  readonly xspace?: XSpace;
}

export interface XSpace {
  readonly planes: readonly {
    readonly name: string;
    readonly lines?: readonly { readonly name: string; readonly events: readonly XEvent[] }[];
    readonly event_metadata?: Readonly<Record<string, { readonly name: string }>>;
  }[];
  readonly warnings?: readonly string[];
}

interface XEvent {
  readonly metadata_id: number;
  readonly offset_ps?: number;
  readonly duration_ps?: number;
}

export function encoded(message: string, value: object): Uint8Array {
  const type = root.lookupType(`tensorflow.${message}`);
  return type.encode(type.fromObject(value)).finish();
}

/** Rejects with an RpcError. */
export async function profile(client: GrpcClient, request: object): Promise<ProfileReply> {
  const reply = await client.raw(
    `/${PROFILER_SERVICE}/Profile`,
    encoded('ProfileRequest', request),
  );
  const type = root.lookupType('tensorflow.ProfileResponse');
  return type.toObject(type.decode(reply), { longs: Number });
}

export async function terminate(client: GrpcClient, session_id: string): Promise<void> {
  const request = encoded('TerminateRequest', { session_id });
  await client.raw(`/${PROFILER_SERVICE}/Terminate`, request);
}

export function xspaceOf(reply: ProfileReply): XSpace {
  const type = root.lookupType('tensorflow.profiler.XSpace');
  const [tool] = reply.tool_data ?? [];
  if (tool === undefined) throw new Error('there is no tool_data');
  return type.toObject(type.decode(tool.data), { longs: Number }) as XSpace;
}

/** How often each event is there. */
export function countsOf(space: XSpace): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { lines = [], event_metadata: names = {} } of space.planes) {
    for (const { metadata_id } of lines.flatMap(({ events }) => events)) {
      const name = names[metadata_id]?.name ?? '';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}
