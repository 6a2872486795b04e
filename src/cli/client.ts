/** Client: asks a server over gRPC. Messages go in and come out in their plain form. */
import { readFileSync } from 'node:fs';

import * as grpc from '@grpc/grpc-js';
import type protobuf from 'protobufjs';

import { modelServerConfigOf, type ModelConfig } from '../config/model-config.js';
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Arguments } from './arguments.js';
import { UsageError } from './usage-error.js';

/** Bigints for int64, names for enums, only what is set. */
export type Plain = Readonly<Record<string, unknown>>;

export const CLIENT_VALUES = ['server', 'timeout_seconds', 'ca', 'cert', 'key'];

/** Of the environment: an API key or a token. */
const KEY_VARIABLE = 'TENSORGATE_API_KEY';
const DEFAULT_SERVER = 'localhost:8500';
const DEFAULT_TIMEOUT_SECONDS = 60;
const MODEL_SERVICE = 'tensorflow.serving.ModelService';
const ADMIN_SERVICE = 'tensorgate.AdminService';
const PROFILER_SERVICE = 'tensorflow.ProfilerService';

const rawBytes = (bytes: Buffer): Buffer => bytes;

export class Client {
  readonly server: string;
  /** When the whole command is to be over, in milliseconds since 1970. */
  readonly deadline: number;
  readonly #client: grpc.Client;
  readonly #credentials = new grpc.Metadata();
  readonly #root: protobuf.Root;

  /** @throws UsageError for options that make no connection */
  constructor(given: Arguments) {
    this.server = given.value('server') ?? DEFAULT_SERVER;
    this.deadline = Date.now() + timeoutOf(given.value('timeout_seconds')) * 1000;
    this.#client = new grpc.Client(this.server, credentialsOf(given), {
      'grpc.max_receive_message_length': -1,
    });
    const key = process.env[KEY_VARIABLE] ?? ''; // not an option: other users see those
    if (key !== '') this.#credentials.set('authorization', `Bearer ${key}`);
    this.#root = loadProtos([
      'tensorflow_serving/apis/model_service.proto',
      'tensorgate/admin.proto',
      'tsl/profiler/protobuf/profiler_service.proto',
    ]);
  }

  close(): void {
    this.#client.close();
  }

  /** A call of upstream's ModelService. @throws ServingError */
  model(method: string, request: Plain): Promise<Plain> {
    return this.#call(MODEL_SERVICE, method, request);
  }

  /** A call of AdminService, which has `leastMillis` even past the deadline. @throws ServingError */
  admin(method: string, request: Plain, leastMillis = 0): Promise<Plain> {
    const hint = 'tensorgate offers it with --enable_admin_api';
    return this.#offered(ADMIN_SERVICE, hint, method, request, leastMillis);
  }

  /** A call of TensorFlow's ProfilerService, likewise. @throws ServingError */
  profiler(method: string, request: Plain, leastMillis: number): Promise<Plain> {
    const hint = 'with --admin_port it is on that port, and --enable_profiler=false turns it off';
    return this.#offered(PROFILER_SERVICE, hint, method, request, leastMillis);
  }

  /** Every model that is configured. @throws ServingError */
  async configured(): Promise<readonly ModelConfig[]> {
    const { config } = await this.admin('GetConfig', {});
    const checked = modelServerConfigOf((config as Plain | undefined) ?? {});
    return checked.kind === 'models' ? checked.models : [];
  }

  /** `hint`: where the service is, for whom it is missed. */
  async #offered(
    service: string,
    hint: string,
    ...call: [method: string, request: Plain, leastMillis: number]
  ): Promise<Plain> {
    try {
      return await this.#call(service, ...call);
    } catch (error) {
      const { code } = ServingError.from(error);
      if (code !== StatusCode.UNIMPLEMENTED) throw error;
      throw new ServingError(
        code,
        `the server at ${this.server} does not offer ${service}, which this needs: ${hint}`,
      );
    }
  }

  #call(service: string, name: string, request: Plain, leastMillis = 0): Promise<Plain> {
    const method = this.#root.lookupService(service).methods[name] as protobuf.Method;
    const requestType = method.resolvedRequestType as protobuf.Type;
    const responseType = method.resolvedResponseType as protobuf.Type;
    const bytes = requestType.encode(requestType.fromObject(request)).finish();
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/${service}/${name}`,
        rawBytes,
        rawBytes,
        Buffer.from(bytes),
        this.#credentials,
        { deadline: Math.max(this.deadline, Date.now() + leastMillis) },
        (error, reply) => {
          if (error !== null) reject(refusal(error, name));
          else {
            const message = responseType.decode(reply as Buffer);
            resolve(responseType.toObject(message, { longs: BigInt, enums: String }));
          }
        },
      );
    });
  }
}

function refusal({ code, details }: grpc.ServiceError, method: string): ServingError {
  if (code === grpc.status.DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded')) {
    const isChange = !method.startsWith('Get');
    const hint = isChange ? '; the change may be in force all the same, see status' : '';
    return new ServingError(code, `no answer within --timeout_seconds${hint}`);
  }
  return new ServingError(code, details.replace(/ Resolution note: $/, '')); // where there is none
}

function timeoutOf(text: string | null): number {
  const seconds = text === null ? DEFAULT_TIMEOUT_SECONDS : Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new UsageError(`--timeout_seconds=${text ?? ''} is no number of seconds up to a day`);
}

function credentialsOf(given: Arguments): grpc.ChannelCredentials {
  const [ca, cert, key] = [fileIn(given, 'ca'), fileIn(given, 'cert'), fileIn(given, 'key')];
  if (ca === null) {
    if (cert !== null || key !== null) throw new UsageError('--cert and --key need --ca, too');
    return grpc.credentials.createInsecure();
  }
  try {
    return grpc.credentials.createSsl(ca, key, cert);
  } catch (error) {
    throw new UsageError(`--ca, --cert, --key: ${(error as Error).message}`);
  }
}

function fileIn(given: Arguments, option: string): Buffer | null {
  const path = given.value(option);
  if (path === null) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
