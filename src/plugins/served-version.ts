/**
 * ServedVersion: a plugin's servable, of a platform or a hook, between the sets of tensors of the addon and the arrays
 * of the plugin. What comes in and what goes out is compared with the signature. In a plugin thread.
 */
import { holdTensors, readTensors, type TensorSet } from '../native/tensor-sets.js';
import { writeSignatures } from '../servables/signature-def-map.js';
import { areCompatible, specText } from '../servables/tensor-spec.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { malformation, nativeTensor, tensorOf } from './element-types.js';
import type {
  HookRequest,
  HookServable,
  OutputTensor,
  RunRequest,
  Servable,
  Tensor,
} from './plugin.js';
import { allocate } from './rows.js';
import { RunBatches, type PluginRun, type RunOutputs } from './run-batches.js';
import { declaredSignatures, type DeclaredSignature } from './signatures.js';

const DEFAULT_SIGNATURE = 'serving_default';

export class ServedVersion {
  readonly plugin: string;
  readonly signatureDefMap: Uint8Array;
  readonly #servable: HookServable;
  readonly #signatures: ReadonlyMap<string, DeclaredSignature>;
  /** Null: each request has a run of its own. */
  readonly #batches: RunBatches | null;

  /**
   * `made` by which function of the plugin. `enter` tells the call of a run for several requests, and 0 behind it.
   * @throws TypeError for what is no servable
   */
  constructor(
    plugin: string,
    servable: HookServable & Pick<Servable, 'batching'>,
    made: 'load' | 'attach',
    enter: (call: number) => void,
  ) {
    const { signatures, run, batching } = Object(servable) as Partial<typeof servable>;
    if (typeof run !== 'function') {
      throw new TypeError(`${made}: expected a servable, with signatures and run`);
    }
    this.plugin = plugin;
    this.#signatures = declaredSignatures(signatures);
    this.signatureDefMap = writeSignatures(this.#signatures);
    this.#servable = servable;
    this.#batches =
      batching === undefined
        ? null
        : new RunBatches({
            maxRows: maxRowsOf(batching),
            run: (each) => this.#runOnce(each, null),
            enter,
            refuse: ({ signature }, output, rows, given) =>
              this.#refuse(
                signature,
                output,
                `${rows} rows, as the inputs have`,
                `got ${specText(given)}`,
              ),
          });
  }

  /**
   * No name is serving_default, no outputs are all. `infer` null: it is no hook's. Null where it was aborted meanwhile.
   * @throws ServingError, or what the plugin throws
   */
  async run(
    call: number,
    set: TensorSet,
    givenName: string,
    names: readonly string[],
    signal: AbortSignal,
    infer: HookRequest['infer'] | null,
  ): Promise<TensorSet | null> {
    const name = givenName === '' ? DEFAULT_SIGNATURE : givenName;
    const signature = this.#signatures.get(name);
    if (signature === undefined) {
      throw new ServingError(StatusCode.NOT_FOUND, `there is no signature ${JSON.stringify(name)}`);
    }
    const inputs: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>;
    for (const native of readTensors(set)) inputs[native.name] = tensorOf(native);
    checkInputs(name, signature, inputs);
    const wanted = names.length === 0 ? [...signature.outputs.keys()] : names;
    const run: PluginRun = { call, signature: name, inputs, outputs: wanted, signal };
    const isShared = this.#batches !== null && hasRows(signature);
    const outputs = await (isShared ? this.#batches.run(run) : this.#runOnce(run, infer));
    if (outputs === null || signal.aborted) return null;
    return holdTensors(outputs.map((tensor, i) => nativeTensor(wanted[i] ?? '', tensor)));
  }

  async unload(): Promise<void> {
    await this.#servable.unload?.();
  }

  async #runOnce(
    { signature: name, inputs, outputs: wanted, signal }: PluginRun,
    infer: HookRequest['infer'] | null,
  ): Promise<RunOutputs> {
    const signature = this.#signatures.get(name) as DeclaredSignature;
    const request: RunRequest = { signature: name, inputs, outputs: wanted, signal, allocate };
    const given = infer === null ? request : { ...request, infer };
    const outputs = await this.#servable.run(given as HookRequest);
    if (signal.aborted) return null;
    return wanted.map((alias) => {
      const output = (Object(outputs) as Record<string, unknown>)[alias];
      return this.#checked(name, signature, alias, output);
    });
  }

  #checked(
    name: string,
    { outputs }: DeclaredSignature,
    alias: string,
    output: unknown,
  ): OutputTensor {
    const spec = outputs.get(alias);
    if (spec === undefined) {
      const message = `signature ${JSON.stringify(name)} has no output ${JSON.stringify(alias)}`;
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
    }
    let given = malformation(output);
    if (given === null) {
      const tensor = output as OutputTensor;
      if (areCompatible(tensor, spec)) return tensor;
      given = `got ${specText(tensor)}`;
    }
    return this.#refuse(name, alias, specText(spec), given);
  }

  #refuse(name: string, alias: string, expected: string, given: string): never {
    throw new ServingError(
      StatusCode.INTERNAL,
      `plugin ${JSON.stringify(this.plugin)}: output ${JSON.stringify(alias)} of signature ` +
        `${JSON.stringify(name)}: expected ${expected}, ${given}`,
    );
  }
}

function checkInputs(
  name: string,
  { inputs: specs }: DeclaredSignature,
  inputs: Readonly<Record<string, Tensor>>,
): void {
  for (const [alias, spec] of specs) {
    const tensor = inputs[alias];
    if (tensor !== undefined && areCompatible(tensor, spec)) continue;
    const given = tensor === undefined ? 'none' : specText(tensor);
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `input ${JSON.stringify(alias)} of signature ${JSON.stringify(name)}: ` +
        `expected ${specText(spec)}, got ${given}`,
    );
  }
}

/** Along dimension 0, any number, in all its tensors. */
function hasRows({ inputs, outputs }: DeclaredSignature): boolean {
  return [...inputs.values(), ...outputs.values()].every(({ shape }) => shape?.[0] === -1);
}

function maxRowsOf(batching: unknown): number {
  const { maxRows } = Object(batching) as { maxRows?: unknown };
  if (Number.isSafeInteger(maxRows) && (maxRows as number) > 0) return maxRows as number;
  throw new TypeError(
    `batching.maxRows: expected a whole number from 1 on, got ${String(maxRows)}`,
  );
}
