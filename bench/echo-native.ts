/**
 * The floor of the native transport: a process that answers every unary call with constant bytes, from
 * JavaScript, without decoding anything. A Predict that needs no JavaScript may be faster.
 * Run as: node echo-native.js --port=PORT --path=/package.Service/Method --reply=FILE
 */
import { addon } from '../src/native/addon.js';
import { GRPC_EVENT_LENGTH, GrpcEventKind, GrpcStreaming } from '../src/native/grpc.js';
import { echoOptions } from './echo-options.js';

const { port, path, reply } = echoOptions();
const NEVER = 0;
const UNLIMITED = -1;

const native = addon();
const transport = native.grpcOpen(
  {
    methods: [path, GrpcStreaming.none, -1],
    keptHeader: '',
    asTensorContent: false,
    maxReceiveBytes: UNLIMITED,
    maxSendBytes: UNLIMITED,
    maxBufferedBytes: 2 ** 30,
    shares: false,
    surface: 0,
    maxConcurrentStreams: 1024,
    keepaliveMillis: NEVER,
    keepaliveTimeoutMillis: NEVER,
    maxAgeMillis: NEVER,
    maxAgeGraceMillis: NEVER,
    maxIdleMillis: NEVER,
  },
  (events) => {
    for (let i = 0; i < events.length; i += GRPC_EVENT_LENGTH) {
      if (events[i] !== GrpcEventKind.call) continue;
      native.grpcSend(transport, events[i + 1] as number, reply, true);
    }
  },
  () => undefined,
);
const failure = native.transportListen(transport, '127.0.0.1', port);
if (failure !== null) throw new Error(failure);
