/**
 * What the batching part of the bench measures: the models of scripts/make-bench-models.py, the loads they
 * are asked with, and the settings that are compared.
 */
import {
  type BenchModel,
  elementsOf,
  folder,
  grpcBody,
  ramp,
  restBody,
  type ServerCase,
  type Transport,
} from './cases.js';

/** Share of the unbatched capacity that is offered in an open loop. */
export const LIGHT_LOAD = 0.2;
export const LOADS: readonly number[] = [LIGHT_LOAD, 0.5, 0.8, 0.95];

/** The closed loop and the light load decide what auto is worth: they have so many times the runs. */
export const CLOSED_LOOP_RUNS = 5;
export const LIGHT_LOAD_RUNS = 3;

/** A load that finds so many requests in flight waits in line, and its waiting counts. */
export const OPEN_LOOP_IN_FLIGHT = 256;

export interface BatchingSetting {
  readonly name: string;
  readonly kind: 'off' | 'fixed' | 'auto';
  readonly flags: readonly string[];
  /** Text of the --batching_parameters_file; null: none. */
  readonly parameters: string | null;
}

/** num_batch_threads is left to be the number of CPUs; no queue is so short that it refuses requests. */
export const SETTINGS: readonly BatchingSetting[] = [
  { name: 'off', kind: 'off', flags: ['--batching=off'], parameters: null },
  fixed('32 rows, no wait', 32, 0),
  fixed('8 rows, 1 ms', 8, 1000),
  { name: 'auto', kind: 'auto', flags: ['--batching=auto'], parameters: null },
];

function fixed(name: string, maxBatchSize: number, timeoutMicros: number): BatchingSetting {
  const parameters =
    `max_batch_size { value: ${maxBatchSize} }\n` +
    `batch_timeout_micros { value: ${timeoutMicros} }\n` +
    'max_enqueued_batches { value: 1000000 }\n';
  return { name, kind: 'fixed', flags: ['--enable_batching'], parameters };
}

/** How many at once: in the closed loop, enough to fill batches. */
export const BATCHING_CASES: readonly ServerCase[] = [
  ask('rest', model('mlp', [1, 64]), 32),
  ask('grpc', model('mlp', [1, 64]), 32),
  ask('grpc', model('cnn', [1, 96, 96, 3]), 16),
  ask('grpc', model('transformer', [1, 64, 32]), 16),
];

function ask(transport: Transport, asked: BenchModel, atOnce: number): ServerCase {
  return {
    name: `${transport === 'rest' ? 'REST' : 'gRPC'} ${asked.name}, ${atOnce} at once`,
    model: asked,
    transport,
    connections: transport === 'rest' ? atOnce : 1,
    inFlight: transport === 'rest' ? 1 : atOnce,
    body: transport === 'rest' ? restBody(asked) : grpcBody(asked, 'content'),
  };
}

function model(name: string, shape: readonly number[]): BenchModel {
  return {
    name,
    basePath: folder(`build/bench-models/${name}`),
    version: 1,
    input: 'x',
    output: 'y',
    feed: 'x:0',
    fetch: 'y:0',
    shape,
    values: ramp(elementsOf(shape)),
    expected: null,
    outputSize: 10,
  };
}
