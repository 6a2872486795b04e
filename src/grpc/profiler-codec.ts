/**
 * tensorflow.ProfilerService: its requests, small, through protobufjs; its answers as bytes that the addon
 * wrote. Upstream writes a profile where the client says; here the client gets it, and writes it itself.
 */
import protobuf from 'protobufjs';

import { AccessMethod, EVERY_MODEL } from '../access/caller.js';
import type { NativeProfileData } from '../native/profiling.js';
import { loadProtos } from '../protos/protos.js';
import { onBehalfOf } from '../service/caller.js';
import type { Profiling, ProfileWish } from '../service/profiling.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { decodedRequest } from './admin-codec.js';
import type { Unary } from './method.js';

export const PROFILER_PROTO = 'tsl/profiler/protobuf/profiler_service.proto';
export const PROFILER_SERVICE = 'tensorflow.ProfilerService';

/** Where opts has the model's name; see Profiling. */
const MODEL_KEY = 'tensorgate_model';
/** The tool by whose name TensorFlow's client makes the name of a file. */
const XPLANE_TOOL = 'xplane.pb';
const NO_MONITOR =
  'Monitor is of TPUs alone: Profile traces the ops, and the metrics page has figures of the server.';
/** Of ProfileResponse and ProfileToolData. */
const [TOOL_DATA, EMPTY_TRACE, XSPACE, TOOL_NAME, TOOL_BYTES] = [6, 7, 8, 1, 2];
const LENGTH_DELIMITED = 2;
const NANOS_PER_MILLI = 1_000_000;

interface ProfileRequest {
  readonly duration_ms?: number;
  readonly max_events?: number;
  readonly session_id?: string;
  readonly emit_xspace?: boolean;
  readonly opts?: {
    readonly duration_ms?: number;
    readonly start_timestamp_ns?: number;
    readonly advanced_configuration?: Readonly<Record<string, { readonly string_value?: string }>>;
  };
}

/** Every method by its name. */
export function profilerUnary(profiling: Profiling): Record<string, Unary> {
  const root = loadProtos([PROFILER_PROTO]);
  const profileRequest = root.lookupType('tensorflow.ProfileRequest');
  const terminateRequest = root.lookupType('tensorflow.TerminateRequest');
  return {
    Profile: (bytes, timeoutMillis, done, { isGone, caller }) => {
      caller.admit(AccessMethod.admin, EVERY_MODEL).release();
      const message = decodedRequest(profileRequest, bytes);
      const request: ProfileRequest = profileRequest.toObject(message, { longs: Number });
      onBehalfOf(timeoutMillis, isGone, (signal) =>
        profiling.profile(wishOf(request), signal),
      ).then(
        (data) => done(null, responseOf(data, request.emit_xspace === true)),
        (error: unknown) => done(ServingError.from(error), null),
      );
    },
    Terminate: (bytes, _timeout, done, { caller }) => {
      caller.admit(AccessMethod.admin, EVERY_MODEL).release();
      const message = decodedRequest(terminateRequest, bytes);
      const { session_id: id = '' } = terminateRequest.toObject(message) as ProfileRequest;
      profiling.terminate(id);
      done(null, Buffer.alloc(0));
    },
    Monitor: (_bytes, _timeout, done, { caller }) => {
      caller.admit(AccessMethod.admin, EVERY_MODEL).release();
      done(new ServingError(StatusCode.UNIMPLEMENTED, NO_MONITOR), null);
    },
  };
}

function wishOf(request: ProfileRequest): ProfileWish {
  const { opts = {} } = request;
  const start = (opts.start_timestamp_ns ?? 0) / NANOS_PER_MILLI;
  return {
    id: request.session_id ?? '',
    durationMillis: opts.duration_ms || (request.duration_ms ?? 0),
    delayMillis: start === 0 ? 0 : start - Date.now(),
    model: opts.advanced_configuration?.[MODEL_KEY]?.string_value ?? '',
    ops: request.max_events ?? 0,
  };
}

function responseOf({ xspace, runs }: NativeProfileData, asXspace: boolean): Uint8Array {
  const writer = protobuf.Writer.create();
  const tag = (field: number): protobuf.Writer => writer.uint32((field << 3) | LENGTH_DELIMITED);
  if (runs === 0) writer.uint32(EMPTY_TRACE << 3).bool(true);
  else if (asXspace) tag(XSPACE).bytes(xspace);
  else {
    tag(TOOL_DATA).fork();
    tag(TOOL_NAME).string(XPLANE_TOOL);
    tag(TOOL_BYTES).bytes(xspace);
    writer.ldelim();
  }
  return writer.finish();
}
