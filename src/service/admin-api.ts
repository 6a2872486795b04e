/**
 * AdminApi: tensorgate.AdminService, message in, message out. gRPC and REST differ only in how they
 * write the messages.
 */
import type protobuf from 'protobufjs';

import {
  labelsOf,
  modelConfigOf,
  modelMessageOf,
  modelServerConfigOf,
  plainOf,
} from '../config/model-config.js';
import type { VersionStatus } from '../core/servable.js';
import { loadProtos } from '../protos/protos.js';
import type { ServingError } from '../status/serving-error.js';
import type {
  ModelAdminService,
  ModelResult,
  VersionBatching,
  VersionPlan,
} from './model-admin.js';

export const ADMIN_PROTO = 'tensorgate/admin.proto';
export const ADMIN_SERVICE = 'tensorgate.AdminService';

/** A request in its plain form: bigints for int64, names for enums, only what is set. */
type Plain = Readonly<Record<string, unknown>>;
type Splits = NonNullable<Parameters<typeof labelsOf>[1]['version_label_weights']>;

export interface AdminMethod {
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
  /** REQUIRES: a message of `request`. `signal` ends the wait for models. @throws ServingError */
  readonly call: (request: protobuf.Message, signal?: AbortSignal) => Promise<protobuf.Message>;
}

const textOf = (request: Plain, field: string): string => (request[field] as string) ?? '';
const plainIn = (request: Plain, field: string): Plain => (request[field] as Plain) ?? {};
const isSet = (request: Plain, field: string): boolean => request[field] === true;

type Handler = (request: Plain, signal?: AbortSignal) => Promise<object>;

export class AdminApi {
  /** By name. */
  readonly methods: ReadonlyMap<string, AdminMethod>;

  constructor(admin: ModelAdminService) {
    const handlers: Record<string, Handler> = {
      GetConfig: () => Promise.resolve({ config: plainOf(admin.models()) }),
      GetModel: async (request) => {
        const { config, versions, found, plans, batching } = await admin.model(
          textOf(request, 'name'),
        );
        return {
          config: modelMessageOf(config),
          model_version_status: versions.map(versionMessage),
          found_versions: found,
          version_plan: plans.map(planMessage),
          version_batching: batching.map(batchingMessage),
        };
      },
      SetConfig: async (request, signal) =>
        changeMessage(
          await admin.setAll(
            modelServerConfigOf(plainIn(request, 'config')),
            isSet(request, 'write_back'),
            signal,
          ),
        ),
      SetModel: async (request, signal) => {
        const model = modelConfigOf(plainIn(request, 'config'));
        const expected = 'expected' in request ? modelConfigOf(plainIn(request, 'expected')) : null;
        return changeMessage(
          await admin.set(model, expected, isSet(request, 'write_back'), signal),
        );
      },
      RemoveModel: async (request) =>
        changeMessage(await admin.remove(textOf(request, 'name'), isSet(request, 'write_back'))),
      SetLabels: async (request) => {
        const name = textOf(request, 'name');
        const splits = plainIn(request, 'set') as Splits;
        const change = {
          set: labelsOf(name, { version_label_weights: splits }),
          remove: (request['remove'] as string[] | undefined) ?? [],
          replace: isSet(request, 'replace'),
        };
        return changeMessage(await admin.setLabels(name, change, isSet(request, 'write_back')));
      },
      ReloadModel: async (request, signal) =>
        changeMessage(await admin.rescan(textOf(request, 'name'), signal)),
      RecordWarmup: async (request, signal) => {
        const numberOf = (field: string): number => (request[field] as number | undefined) ?? 0;
        const wish = {
          seconds: numberOf('seconds'),
          count: numberOf('count'),
          perShape: numberOf('per_shape'),
        };
        return admin.recordWarmup(textOf(request, 'name'), wish, signal);
      },
    };
    const service = loadProtos([ADMIN_PROTO]).lookupService(ADMIN_SERVICE);
    this.methods = new Map(
      service.methodsArray.map((method): [string, AdminMethod] => {
        const request = method.resolvedRequestType as protobuf.Type;
        const response = method.resolvedResponseType as protobuf.Type;
        const handle = handlers[method.name] as Handler;
        const call: AdminMethod['call'] = async (message, signal) => {
          const plain = request.toObject(message, { longs: BigInt, enums: String });
          return response.fromObject(await handle(plain, signal));
        };
        return [method.name, { request, response, call }];
      }),
    );
  }
}

function changeMessage(results: readonly ModelResult[]): object {
  return {
    result: results.map(({ name, error, versions }) => ({
      name,
      status: statusMessage(error),
      model_version_status: versions.map(versionMessage),
    })),
  };
}

function versionMessage({ version, state, error }: VersionStatus): object {
  return { version, state, status: statusMessage(error) };
}

function planMessage({ version, plan }: VersionPlan): object {
  const { callerThread, reason, cases, largestDifference, times } = plan;
  return {
    version,
    plan: plan.plan,
    caller_thread: callerThread,
    reason,
    cases,
    largest_difference: largestDifference,
    trial: times.map((time) => ({
      plan: time.plan,
      caller_thread: time.callerThread,
      microseconds: time.micros,
    })),
  };
}

function batchingMessage({ version, signatures }: VersionBatching): object {
  return {
    version,
    signature: signatures.map(([name, refusal, isProven]) => ({
      name,
      batched: refusal === '' ? (isProven ? 'PROVEN' : 'ASSUMED') : 'ALONE',
      obstacle: refusal,
    })),
  };
}

function statusMessage(error: ServingError | null): object {
  return { error_code: error?.code ?? 0, error_message: error?.message ?? '' };
}
