/**
 * RemoteControl: what only the main thread can do, done on behalf of an I/O thread's clients: reloads of
 * the configuration, the admin API, the page of metrics. One question each, answered whenever it is done.
 */
import type protobuf from 'protobufjs';

import type { ModelServiceMessages } from '../grpc/model-service-codec.js';
import { ModelStatusCodec } from '../grpc/model-status-codec.js';
import { loadProtos } from '../protos/protos.js';
import {
  ADMIN_PROTO,
  ADMIN_SERVICE,
  type AdminApi,
  type AdminMethod,
} from '../service/admin-api.js';
import type { ModelStatusService } from '../service/model-status.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Channel } from './channel.js';
import type { ControlCalls, ThreadCalls } from './messages.js';

/** The I/O thread's end. */
export type ControlChannel = Channel<ControlCalls, ThreadCalls>;

/** Statuses are known here; reloads are not made here. */
export function remoteModelService(
  status: ModelStatusService,
  channel: ControlChannel,
): ModelServiceMessages {
  const codec = new ModelStatusCodec(status);
  return {
    getModelStatus: (request) => codec.getModelStatus(request),
    handleReloadConfig: (request) => channel.ask('reload', request),
  };
}

export function remoteAdmin(channel: ControlChannel): AdminApi {
  const service = loadProtos([ADMIN_PROTO]).lookupService(ADMIN_SERVICE);
  const methods = service.methodsArray.map((method): [string, AdminMethod] => {
    const request = method.resolvedRequestType as protobuf.Type;
    const response = method.resolvedResponseType as protobuf.Type;
    const call = async (message: protobuf.Message): Promise<protobuf.Message> => {
      const bytes = request.encode(message).finish();
      return response.decode(await channel.ask('admin', { method: method.name, request: bytes }));
    };
    return [method.name, { request, response, call }];
  });
  return { methods: new Map(methods) };
}

/** The main thread's side of `remoteAdmin`. @throws ServingError */
export async function answerAdmin(
  admin: AdminApi | null,
  { method, request }: ControlCalls['admin'][0],
): Promise<Uint8Array> {
  const known = admin?.methods.get(method);
  if (known === undefined) throw new ServingError(StatusCode.UNIMPLEMENTED, method);
  const reply = await known.call(known.request.decode(request));
  return known.response.encode(reply).finish();
}
