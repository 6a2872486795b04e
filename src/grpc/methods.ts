/**
 * GrpcMethods: every method that is served over gRPC, by its path, whatever carries it. Messages are raw
 * bytes: the services and the addon read and write them.
 */
import { AccessMethod, EVERY_MODEL } from '../access/caller.js';
import { Method } from '../native/values.js';
import { ADMIN_PROTO, ADMIN_SERVICE, type AdminApi } from '../service/admin-api.js';
import { onBehalfOf } from '../service/caller.js';
import type { InferenceService } from '../service/inference.js';
import type { Profiling } from '../service/profiling.js';
import type { Readiness } from '../service/readiness.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { adminUnary } from './admin-codec.js';
import { HEALTH_PROTO, HEALTH_SERVICE, HealthService } from './health.js';
import type { MetadataCodec } from './metadata-codec.js';
import type { StreamingMethod, Unary, UnaryMethod } from './method.js';
import type { ModelServiceMessages } from './model-service-codec.js';
import { PROFILER_PROTO, PROFILER_SERVICE, profilerUnary } from './profiler-codec.js';
import { REFLECTION_SERVICES, ReflectionService } from './reflection.js';
import type { MessageStream } from './stream.js';

export interface GrpcMethodsOptions {
  readonly inference: InferenceService;
  readonly modelService: ModelServiceMessages;
  readonly metadata: MetadataCodec;
  /** What the health service tells. */
  readonly readiness: Readiness;
  /** Whether to serve HandleReloadConfigRequest. */
  readonly reload: boolean;
  /** Whether to serve SessionRun. */
  readonly sessionRun: boolean;
  /** Null: not offered. */
  readonly admin: AdminApi | null;
  /** Null: not offered. */
  readonly profiling: Profiling | null;
}

const NO_RELOAD = 'HandleReloadConfigRequest is not served on this port.';
const PREDICTION_SERVICE = 'tensorflow.serving.PredictionService';
const MODEL_SERVICE = 'tensorflow.serving.ModelService';
const SESSION_SERVICE = 'tensorflow.serving.SessionService';
const SESSION_PROTO = 'tensorflow_serving/apis/session_service.proto';
const API_PROTOS = ['prediction_service', 'model_service'].map(
  (name) => `tensorflow_serving/apis/${name}.proto`,
);

export class GrpcMethods {
  readonly unary: readonly UnaryMethod[];
  readonly streaming: readonly StreamingMethod[];
  readonly #inference: InferenceService;
  readonly #health: HealthService;
  readonly #reflection: ReflectionService;

  constructor(options: GrpcMethodsOptions) {
    const { inference, modelService, metadata, readiness, sessionRun, admin, profiling } = options;
    this.#inference = inference;
    const health = new HealthService(readiness);
    this.#health = health;
    this.#reflection = reflection(options);
    this.unary = [
      ...methods(PREDICTION_SERVICE, {
        Predict: (...call) => inference.proto('predict', ...call),
        Classify: (...call) => inference.proto('classify', ...call),
        Regress: (...call) => inference.proto('regress', ...call),
        MultiInference: (...call) => inference.proto('multiInference', ...call),
        GetModelMetadata: (request, _, done, { caller }) =>
          done(null, metadata.getModelMetadata(request, caller)),
      }),
      ...methods(MODEL_SERVICE, {
        GetModelStatus: (request, _, done, { caller }) =>
          done(null, modelService.getModelStatus(request, caller)),
        HandleReloadConfigRequest: (request, timeoutMillis, done, { isGone, caller }) => {
          if (!options.reload) throw new ServingError(StatusCode.PERMISSION_DENIED, NO_RELOAD);
          caller.admit(AccessMethod.admin, EVERY_MODEL).release();
          onBehalfOf(timeoutMillis, isGone, (signal) =>
            modelService.handleReloadConfig(request, signal),
          ).then(
            (reply) => done(null, reply),
            (error: unknown) => done(ServingError.from(error), null),
          );
        },
      }),
      // Refused, it has upstream's empty text; a method nobody knows gets a text of its own.
      ...methods(SESSION_SERVICE, {
        SessionRun: sessionRun
          ? (...call) => inference.proto('sessionRun', ...call)
          : (_request, _timeout, done) =>
              done(new ServingError(StatusCode.UNIMPLEMENTED, ''), null),
      }),
      ...(admin === null ? [] : methods(ADMIN_SERVICE, adminUnary(admin))),
      ...(profiling === null ? [] : methods(PROFILER_SERVICE, profilerUnary(profiling))),
      ...methods(HEALTH_SERVICE, { Check: health.check }, /* isForProbes */ true),
    ];
    this.streaming = [
      {
        path: `/${HEALTH_SERVICE}/Watch`,
        requestStream: false,
        open: (stream, caller) => health.watch(stream, caller),
      },
      ...REFLECTION_SERVICES.map((service) => ({
        path: `/${service}/ServerReflectionInfo`,
        requestStream: true,
        open: (stream: MessageStream) => this.#reflection.open(stream),
      })),
    ];
  }

  /** A request that failed on a model without getting here; for the metrics. */
  failedElsewhere(
    method: NonNullable<UnaryMethod['direct']>,
    request: Uint8Array,
    error: ServingError,
  ): void {
    this.#inference.failedElsewhere(method, request, error);
  }

  /** Ends the streams that only their clients would end. */
  close(): void {
    this.#health.close();
    this.#reflection.close();
  }
}

function reflection({ sessionRun, admin, profiling }: GrpcMethodsOptions): ReflectionService {
  return new ReflectionService(
    [
      PREDICTION_SERVICE,
      MODEL_SERVICE,
      ...(sessionRun ? [SESSION_SERVICE] : []),
      ...(admin === null ? [] : [ADMIN_SERVICE]),
      ...(profiling === null ? [] : [PROFILER_SERVICE]),
      HEALTH_SERVICE,
    ],
    [
      ...API_PROTOS,
      ...(sessionRun ? [SESSION_PROTO] : []),
      ...(admin === null ? [] : [ADMIN_PROTO]),
      ...(profiling === null ? [] : [PROFILER_PROTO]),
      HEALTH_PROTO,
    ],
  );
}

const DIRECT: ReadonlyMap<string, 'predict' | 'classify' | 'regress'> = new Map([
  ['Predict', 'predict'],
  ['Classify', 'classify'],
  ['Regress', 'regress'],
]);

function methods(
  service: string,
  calls: Readonly<Record<string, Unary>>,
  isForProbes = false,
): UnaryMethod[] {
  const isDirect = service === PREDICTION_SERVICE;
  return Object.entries(calls).map(([name, call]) => ({
    path: `/${service}/${name}`,
    name,
    call,
    isLogged: !isForProbes,
    isOpen: isForProbes,
    direct: isDirect ? (DIRECT.get(name) ?? null) : null,
  }));
}

/** How to read the ModelSpec of a method's request, for the log. */
export const SPEC_READERS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['Predict', Method.predict],
  ['Classify', Method.classify],
  ['Regress', Method.regress],
  ['MultiInference', Method.multiInference],
  ['GetModelMetadata', Method.predict],
  ['GetModelStatus', Method.predict],
]);
