/** Infers: the runs of their models that hooks of this thread wait for. In a plugin thread. */
import { adoptTensors, dropTensors, holdTensors, readTensors } from '../native/tensor-sets.js';
import type { TensorSet } from '../native/tensor-sets.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { malformation, nativeTensor, tensorOf } from './element-types.js';
import type { Failure, Infer } from './messages.js';
import type { HookRequest, OutputTensor, Tensor } from './plugin.js';

type Tensors = Readonly<Record<string, Tensor>>;

interface Waiting {
  readonly call: number;
  readonly inputs: TensorSet;
  readonly resolve: (outputs: Tensors) => void;
  readonly reject: (error: Error) => void;
}

/** What a model has answered; as it is to the client of a hook that does not catch it. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** The name of its canonical code. */
  readonly status: string;
  readonly code: StatusCode;

  constructor({ code, message }: Pick<Failure, 'code' | 'message'>) {
    super(message);
    this.code = code;
    const named = Object.entries(StatusCode).find(([, number]) => number === code);
    this.status = named?.[0] ?? 'UNKNOWN';
  }
}

export class Infers {
  readonly #ask: (infer: Infer) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #calls = new Set<number>();
  #last = 0;

  /** `ask` tells the main thread, which answers with `settle`. */
  constructor(ask: (infer: Infer) => void) {
    this.#ask = ask;
  }

  /** For one run of a hook, until `close`. */
  open(call: number): HookRequest['infer'] {
    this.#calls.add(call);
    return (inputs, { signature = '', outputs = [] } = {}) =>
      new Promise((resolve, reject) => {
        if (!this.#calls.has(call)) throw ended();
        const named = Object.entries(inputs).map(([name, tensor]): [string, OutputTensor] => {
          const wrong = malformation(tensor);
          if (wrong === null) return [name, tensor];
          throw new TypeError(`infer: input ${JSON.stringify(name)}: expected a tensor, ${wrong}`);
        });
        const set = holdTensors(named.map(([name, tensor]) => nativeTensor(name, tensor)));
        const infer = ++this.#last;
        this.#waiting.set(infer, { call, inputs: set, resolve, reject });
        const names = named.map(([name]) => name);
        this.#ask({
          ...{ kind: 'infer', call, infer, inputs: set, names, signature },
          outputs: [...outputs],
        });
      });
  }

  /** The run is over, or nobody waits for it any more. */
  close(call: number): void {
    if (!this.#calls.delete(call)) return;
    for (const [infer, waiting] of this.#waiting) {
      if (waiting.call === call) this.#take(infer)?.reject(ended());
    }
  }

  settle(infer: number, result: TensorSet | Failure): void {
    const waiting = this.#take(infer);
    if (waiting === null) return; // whoever has made the set drops it
    if (typeof result !== 'number') waiting.reject(new ModelError(result));
    else if (!adoptTensors(result)) waiting.reject(ended());
    else {
      const outputs = Object.create(null) as Record<string, Tensor>;
      for (const native of readTensors(result)) outputs[native.name] = tensorOf(native);
      dropTensors(result);
      waiting.resolve(outputs);
    }
  }

  #take(infer: number): Waiting | null {
    const waiting = this.#waiting.get(infer) ?? null;
    this.#waiting.delete(infer);
    if (waiting !== null) dropTensors(waiting.inputs);
    return waiting;
  }
}

function ended(): ServingError {
  return new ServingError(StatusCode.CANCELLED, 'the request has ended');
}
