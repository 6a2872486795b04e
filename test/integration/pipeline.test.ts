/** Runs of pipelines over models that end when the test says so: what runs at once, what is dropped, what is released. */
import assert from 'node:assert/strict';

import type { Done } from '../../src/native/calls.js';
import type { DeclaredRun } from '../../src/native/declared-model.js';
import type { InferenceModel } from '../../src/native/inference-model.js';
import type { RunTrace } from '../../src/native/run-trace.js';
import {
  dropTensors,
  holdTensors,
  readTensors,
  type TensorRequest,
  type TensorSet,
} from '../../src/native/tensor-sets.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { checkPipeline } from '../../src/pipeline/pipeline-check.js';
import { parsePipeline } from '../../src/pipeline/pipeline-config.js';
import type { PipelineDefinition } from '../../src/pipeline/pipeline-definition.js';
import { signaturesOf, writeSignatures } from '../../src/servables/signature-def-map.js';
import type { TensorSpec } from '../../src/servables/tensor-spec.js';
import type { ServedModels } from '../../src/servables/served-models.js';
import { ServingError, StatusCode } from '../../src/status/serving-error.js';
import { nothingAlive } from './models.js';

const INT = 3;
const BOOL = 10;
const ANY: TensorSpec = { dtype: 'DT_INT32', shape: null };
const FLAG: TensorSpec = { dtype: 'DT_BOOL', shape: null };

/** A run that has begun. */
interface Begun {
  readonly model: string;
  readonly request: TensorRequest;
  readonly timeoutMillis: number;
  readonly done: Done<TensorSet>;
}

/** Models of two inputs a and b, with the outputs y and flag, that end when they are told to. */
class Puppets implements ServedModels {
  readonly begun: Begun[] = [];
  readonly missing = new Set<string>();
  handles = 0;
  readonly #models = new Map<string, InferenceModel>();

  acquire(name: string, version: bigint | null): ReturnType<ServedModels['acquire']> {
    if (this.missing.has(name)) throw new ServingError(StatusCode.NOT_FOUND, 'no such servable');
    let isHeld = true;
    ++this.handles;
    const release = (): void => {
      assert.ok(isHeld, `${name} was released twice`);
      isHeld = false;
      --this.handles;
    };
    return { id: { name, version: version ?? 1n }, servable: this.#of(name), release };
  }

  labelled(): bigint {
    return 1n;
  }

  statuses(): [] {
    return [];
  }

  troubleOf(): null {
    return null;
  }

  isConfigured(name: string): boolean {
    return name !== 'gone';
  }

  watch(): () => void {
    return () => undefined;
  }

  take(model: string): Begun {
    const index = this.begun.findIndex((each) => each.model === model);
    assert.ok(index >= 0, `${model} has not begun`);
    return this.begun.splice(index, 1)[0] as Begun;
  }

  /** The model puts out the sum of what it got, and the flag. */
  finish(model: string, flag: readonly boolean[] | boolean = true): void {
    const { request, done } = this.take(model);
    const sum = request.inputs.reduce((total, { as, set, name }) => {
      assert.match(as, /^[ab]$/);
      const tensor = readTensors(set).find((each) => each.name === name);
      return total + (new Int32Array(tensor?.data as ArrayBuffer)[0] ?? NaN);
    }, 1);
    const shape = typeof flag === 'boolean' ? [] : [flag.length];
    const data = new Uint8Array([flag].flat().map(Number)).buffer;
    done(null, held({ y: sum, flag: { name: 'flag', dtype: BOOL, shape, data } }));
  }

  get running(): string[] {
    return this.begun.map(({ model }) => model).sort();
  }

  #of(model: string): InferenceModel {
    let servable = this.#models.get(model);
    if (servable === undefined) {
      const inputs = new Map([
        ['a', ANY],
        ['b', ANY],
      ]);
      const outputs = new Map([
        ['y', ANY],
        ['flag', FLAG],
      ]);
      servable = {
        signatureDefMap: writeSignatures(new Map([['serving_default', { inputs, outputs }]])),
        inferTensors: (request: TensorRequest, timeoutMillis: number, done: Done<TensorSet>) => {
          // The addon reads them at once.
          const inputs = request.inputs.map((pick) => ({ ...pick, set: copied(pick) }));
          const ended: Done<TensorSet> = (error, set) => {
            for (const { set: copy } of inputs) dropTensors(copy);
            done(error, set);
          };
          this.begun.push({ model, request: { ...request, inputs }, timeoutMillis, done: ended });
        },
      } as unknown as InferenceModel;
      this.#models.set(model, servable);
    }
    return servable;
  }
}

function held(values: Readonly<Record<string, number | object>>): TensorSet {
  return holdTensors(
    Object.entries(values).map(([name, value]) =>
      typeof value === 'number'
        ? { name, dtype: INT, shape: [1], data: new Int32Array([value]).buffer }
        : (value as never),
    ),
  );
}

function copied({ set, name }: { readonly set: TensorSet; readonly name: string }): TensorSet {
  const tensor = readTensors(set).find((each) => each.name === name);
  assert.ok(tensor !== undefined);
  const { dtype, shape, data } = tensor;
  return holdTensors([{ name, dtype, shape, data: (data as ArrayBuffer).slice(0) }]);
}

const step = (name: string, a: string, b: string, more = ''): string =>
  `step { name: "${name}" model: "${name}" input { to: "a" ${a} } input { to: "b" ${b} } ${more} }\n`;
const from = (source: string, otherwise = ''): string =>
  `from: "${source}"` + (otherwise === '' ? '' : ` else: "${otherwise}"`);

function definitionOf(text: string): PipelineDefinition {
  return parsePipeline(Buffer.from(text), 'pipeline.pbtxt');
}

interface Started {
  /** Undefined: it has not ended. */
  outcome?: ServingError | Record<string, number>;
  calls: number;
}

describe('Runs of pipelines', () => {
  let puppets: Puppets;
  let now = 0;
  beforeEach(() => {
    puppets = new Puppets();
    now = 0;
  });
  afterEach(async () => {
    assert.equal(puppets.handles, 0);
    await nothingAlive();
  });

  function pipelineOf(text: string): Pipeline {
    const definition = definitionOf(text);
    const handles = definition.steps.map(({ model }) => puppets.acquire(model, null));
    const signatures = handles.map(({ servable }) => signaturesOf(servable));
    for (const handle of handles) handle.release();
    return new Pipeline(definition, checkPipeline(definition, signatures), puppets, () => now);
  }

  function start(pipeline: Pipeline, given: Partial<DeclaredRun> = {}): Started {
    const inputs = held({ x: 1 });
    const started: Started = { calls: 0 };
    const request: DeclaredRun = {
      inputs,
      signature: 'serving_default',
      outputs: [],
      timeoutMillis: 0,
      isGone: () => false,
      trace: null,
      ...given,
    };
    pipeline.run(request, (error, set) => {
      ++started.calls;
      dropTensors(inputs); // as DeclaredModel
      if (error !== null || set === null) {
        started.outcome = error ?? new ServingError(StatusCode.INTERNAL, 'nothing');
        return;
      }
      started.outcome = Object.fromEntries(
        readTensors(set).map(({ name, data }) => [
          name,
          new Int32Array(data as ArrayBuffer)[0] ?? 0,
        ]),
      );
      dropTensors(set);
    });
    return started;
  }

  const failure = ({ outcome }: Started): [number, string] => {
    assert.ok(outcome instanceof ServingError, JSON.stringify(outcome));
    return [outcome.code, outcome.message];
  };

  const DIAMOND =
    'input { name: "x" }\n' +
    step('first', from('x'), from('x')) +
    step('left', from('first.y'), from('x')) +
    step('right', from('first.y'), from('x')) +
    step('last', from('left.y'), from('right.y')) +
    'output { name: "z" from: "last.y" } output { name: "l" from: "left.y" }';

  it('run independent steps at once, and the others when their inputs are there', () => {
    const started = start(pipelineOf(DIAMOND));
    assert.deepEqual(puppets.running, ['first']);
    puppets.finish('first'); // 3
    assert.deepEqual(puppets.running, ['left', 'right']);
    puppets.finish('right'); // 5
    assert.deepEqual(puppets.running, ['left']);
    puppets.finish('left');
    assert.equal(started.outcome, undefined);
    puppets.finish('last');
    assert.deepEqual(started.outcome, { z: 11, l: 5 });
  });

  it('run no more than the outputs that are asked for need', () => {
    const started = start(pipelineOf(DIAMOND), { outputs: ['l'] });
    puppets.finish('first');
    assert.deepEqual(puppets.running, ['left']);
    puppets.finish('left');
    assert.deepEqual(started.outcome, { l: 5 });
  });

  it('end with the first failure; what others put out afterwards is dropped', () => {
    const started = start(pipelineOf(DIAMOND));
    puppets.finish('first');
    const violations = [{ field: 'inputs["a"]', description: 'bad' }];
    const error = new ServingError(StatusCode.OUT_OF_RANGE, 'too large', violations);
    puppets.take('left').done(error, null);
    assert.deepEqual(failure(started), [StatusCode.OUT_OF_RANGE, 'step "left": too large']);
    assert.ok(started.outcome instanceof ServingError);
    assert.equal(started.outcome.violations[0]?.field, 'step["left"].inputs["a"]');
    assert.equal(puppets.handles, 1); // of what still runs
    puppets.finish('right');
    assert.deepEqual([started.calls, puppets.running], [1, []]);
  });

  it('tell a trace when each step ends, and why where the server is at fault', () => {
    const ended: [name: string, failure: string | null][] = [];
    const nothing = { ran: () => undefined, ranTogether: () => undefined };
    const trace: RunTrace = {
      ...nothing,
      step: (name) => ({ ...trace, end: (failure) => void ended.push([name, failure]) }),
    };
    const { RESOURCE_EXHAUSTED, INTERNAL } = StatusCode;
    for (const code of [RESOURCE_EXHAUSTED, INTERNAL]) {
      start(pipelineOf(DIAMOND), { trace });
      puppets.finish('first');
      puppets.take('left').done(new ServingError(code, 'no'), null);
      puppets.finish('right');
    }
    assert.deepEqual(ended, [
      ...[
        ['first', null],
        ['left', null],
        ['right', null],
      ],
      ...[
        ['first', null],
        ['left', 'INTERNAL: no'],
        ['right', null],
      ],
    ]);
  });

  it('give each step what is left of the one deadline', () => {
    const pipeline = pipelineOf(DIAMOND);
    const started = start(pipeline, { timeoutMillis: 100 });
    assert.equal(puppets.begun[0]?.timeoutMillis, 100);
    now = 30.5;
    puppets.finish('first');
    assert.deepEqual(
      puppets.begun.map(({ timeoutMillis }) => timeoutMillis),
      [70, 70],
    );
    puppets.finish('left');
    now = 100;
    puppets.finish('right');
    assert.deepEqual(failure(started), [
      StatusCode.DEADLINE_EXCEEDED,
      'step "last": the deadline was over before it began',
    ]);
    const left = start(pipeline, { isGone: () => true });
    assert.equal(failure(left)[0], StatusCode.CANCELLED);
  });

  it('skip what its condition says, and what takes from it without anything else', () => {
    const pipeline = pipelineOf(
      'input { name: "x" }\n' +
        step('gate', from('x'), from('x')) +
        step('rare', from('x'), from('x'), 'if: "gate.flag"') +
        step('behind', from('rare.y'), from('x')) +
        step('usual', from('x'), from('x'), 'unless: "gate.flag"') +
        step('join', from('behind.y', 'usual.y'), from('x')) +
        'output { name: "z" from: "join.y" }',
    );
    const usual = start(pipeline);
    puppets.finish('gate', false);
    assert.deepEqual(puppets.running, ['usual']);
    puppets.finish('usual'); // 3
    puppets.finish('join');
    assert.deepEqual(usual.outcome, { z: 5 });
    const rare = start(pipeline);
    puppets.finish('gate', true);
    puppets.finish('rare');
    puppets.finish('behind'); // 5
    puppets.finish('join');
    assert.deepEqual(rare.outcome, { z: 7 });
    const unclear = start(pipeline);
    puppets.finish('gate', [true, false]);
    assert.deepEqual(failure(unclear), [
      StatusCode.INVALID_ARGUMENT,
      'step "rare": the condition "gate.flag" must be a scalar DT_BOOL, got one of shape [2]',
    ]);
    assert.deepEqual(puppets.running, []);
  });

  it('begin only when all models are there', () => {
    const pipeline = pipelineOf(DIAMOND);
    puppets.missing.add('right');
    assert.deepEqual(failure(start(pipeline)), [
      StatusCode.UNAVAILABLE,
      'step "right": no such servable',
    ]);
    assert.equal(pipeline.trouble?.code, StatusCode.UNAVAILABLE);
    puppets.missing.clear();
    assert.equal(pipeline.trouble, null);
  });

  it('drop every set and release every handle once, whatever ends first or fails', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return (seed >> 8) % below;
    };
    const outcomes = { answered: 0, failed: 0 };
    for (let round = 0; round < 300; ++round) {
      const steps = 1 + random(7);
      const source = (before: number): string =>
        before === 0 || random(3) === 0 ? 'x' : `s${random(before)}.y`;
      let text = 'input { name: "x" }\n';
      for (let i = 0; i < steps; ++i) {
        const condition = i === 0 || random(3) > 0 ? '' : `if: "s${random(i)}.flag"`;
        const [a, b] = [from(source(i), random(2) === 0 ? 'x' : ''), from(source(i))];
        text += step(`s${i}`, a, b, condition);
      }
      for (let i = 0; i < steps; ++i) text += `output { name: "z${i}" ${from(`s${i}.y`, 'x')} }\n`;
      let pipeline: Pipeline;
      try {
        pipeline = pipelineOf(text);
      } catch {
        continue; // nobody takes its input
      }
      const started = start(pipeline);
      while (puppets.begun.length > 0) {
        const { model } = puppets.begun[random(puppets.begun.length)] as Begun;
        if (random(12) > 0) puppets.finish(model, random(2) === 0);
        else puppets.take(model).done(new ServingError(StatusCode.ABORTED, 'as told'), null);
      }
      assert.equal(started.calls, 1, text);
      assert.equal(puppets.handles, 0, text);
      if (started.outcome instanceof ServingError) ++outcomes.failed;
      else ++outcomes.answered;
    }
    assert.ok(outcomes.answered > 50 && outcomes.failed > 50, JSON.stringify(outcomes));
  });
});
