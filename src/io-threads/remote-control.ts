/**
 * RemoteControl: what only the main thread can do, done on behalf of an I/O thread's clients: reloads of
 * the configuration, the admin API, the page of metrics, runs of plugins. One question each, answered whenever it is done.
 */
import { randomUUID } from 'node:crypto';

import type protobuf from 'protobufjs';

import type { ModelServiceMessages } from '../grpc/model-service-codec.js';
import { ModelStatusCodec } from '../grpc/model-status-codec.js';
import type { RunDeclared } from '../native/declared-model.js';
import { adoptTensors } from '../native/tensor-sets.js';
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
import { errorOf, plainError, type ControlCalls, type ThreadCalls } from './messages.js';

/** The I/O thread's end. */
export type ControlChannel = Channel<ControlCalls, ThreadCalls>;

/** Of the model of that number, by the main thread. */
export function remoteRun(id: number, control: ControlChannel): RunDeclared {
  return ({ inputs, signature, outputs, timeoutMillis }, done) => {
    const asked = control.ask('run', { model: id, inputs, signature, outputs, timeoutMillis });
    void asked.then(
      (set) => {
        if (adoptTensors(set)) done(null, set);
        else done(new ServingError(StatusCode.UNAVAILABLE, 'the answer is gone'), null);
      },
      (error: unknown) => done(ServingError.from(error), null),
    );
  };
}

/** Statuses are known here; reloads are not made here. */
export function remoteModelService(
  status: ModelStatusService,
  channel: ControlChannel,
): ModelServiceMessages {
  const codec = new ModelStatusCodec(status);
  return {
    getModelStatus: (request, caller) => codec.getModelStatus(request, caller),
    handleReloadConfig: (request, signal) =>
      onBehalf(channel, signal, (call) => channel.ask('reload', { call, request })),
  };
}

export function remoteAdmin(channel: ControlChannel): AdminApi {
  const service = loadProtos([ADMIN_PROTO]).lookupService(ADMIN_SERVICE);
  const methods = service.methodsArray.map((method): [string, AdminMethod] => {
    const request = method.resolvedRequestType as protobuf.Type;
    const response = method.resolvedResponseType as protobuf.Type;
    const call: AdminMethod['call'] = async (message, signal) => {
      const asked = { method: method.name, request: request.encode(message).finish() };
      const reply = await onBehalf(channel, signal, (id) =>
        channel.ask('admin', { ...asked, call: id }),
      );
      return response.decode(reply);
    };
    return [method.name, { request, response, call }];
  });
  return { methods: new Map(methods) };
}

/** Asks, and says so when the caller waits no more. */
async function onBehalf<T>(
  channel: ControlChannel,
  signal: AbortSignal | undefined,
  ask: (call: string) => Promise<T>,
): Promise<T> {
  const call = randomUUID();
  const left = (): void => {
    const error = plainError(ServingError.from(signal?.reason));
    channel.ask('left', { call, error }).catch(() => undefined);
  };
  signal?.addEventListener('abort', left);
  try {
    return await ask(call);
  } finally {
    signal?.removeEventListener('abort', left);
  }
}

/** The main thread's side of the calls that are under way: who waits for them no more. */
export class RemoteCallers {
  readonly #calls = new Map<string, AbortController>();

  async onBehalfOf<T>(call: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const caller = new AbortController();
    this.#calls.set(call, caller);
    try {
      return await work(caller.signal);
    } finally {
      this.#calls.delete(call);
    }
  }

  left({ call, error }: ControlCalls['left'][0]): void {
    this.#calls.get(call)?.abort(errorOf(error));
  }
}

/** The main thread's side of `remoteAdmin`. @throws ServingError */
export async function answerAdmin(
  admin: AdminApi | null,
  { method, request }: ControlCalls['admin'][0],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const known = admin?.methods.get(method);
  if (known === undefined) throw new ServingError(StatusCode.UNIMPLEMENTED, method);
  const reply = await known.call(known.request.decode(request), signal);
  return known.response.encode(reply).finish();
}
