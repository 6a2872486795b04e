/**
 * ServedVersion: a plugin's servable, of a platform or a hook, between the sets of tensors of the addon and the arrays
 * of the plugin. What comes in and what goes out is compared with the signature. In a plugin thread.
 */
import { addon } from '../native/addon.js';
import { holdTensors, readTensors, type TensorSet } from '../native/tensor-sets.js';
import { writeSignatures } from '../servables/signature-def-map.js';
import { areCompatible, specText } from '../servables/tensor-spec.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { arrayOver, bytesOf, malformation, nativeTensor, tensorOf } from './element-types.js';
import type { HookRequest, HookServable, OutputTensor, RunRequest, Tensor } from './plugin.js';
import { declaredSignatures, type DeclaredSignature } from './signatures.js';

const DEFAULT_SIGNATURE = 'serving_default';

export class ServedVersion {
  readonly plugin: string;
  readonly signatureDefMap: Uint8Array;
  readonly #servable: HookServable;
  readonly #signatures: ReadonlyMap<string, DeclaredSignature>;

  /** `made` by which function of the plugin. @throws TypeError for what is no servable */
  constructor(plugin: string, servable: HookServable, made: 'load' | 'attach') {
    const { signatures, run } = Object(servable) as Partial<HookServable>;
    if (typeof run !== 'function') {
      throw new TypeError(`${made}: expected a servable, with signatures and run`);
    }
    this.plugin = plugin;
    this.#signatures = declaredSignatures(signatures);
    this.signatureDefMap = writeSignatures(this.#signatures);
    this.#servable = servable;
  }

  /**
   * No name is serving_default, no outputs are all. `infer` null: it is no hook's. Null where it was aborted meanwhile.
   * @throws ServingError, or what the plugin throws
   */
  async run(
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
    const request: RunRequest = { signature: name, inputs, outputs: wanted, signal, allocate };
    const given = infer === null ? request : { ...request, infer };
    const outputs = await this.#servable.run(given as HookRequest);
    if (signal.aborted) return null;
    const tensors = wanted.map((alias): [string, OutputTensor] => {
      const output = (Object(outputs) as Record<string, unknown>)[alias];
      return [alias, this.#checked(name, signature, alias, output)];
    });
    return holdTensors(tensors.map(([alias, tensor]) => nativeTensor(alias, tensor)));
  }

  async unload(): Promise<void> {
    await this.#servable.unload?.();
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
    throw new ServingError(
      StatusCode.INTERNAL,
      `plugin ${JSON.stringify(this.plugin)}: output ${JSON.stringify(alias)} of signature ` +
        `${JSON.stringify(name)}: expected ${specText(spec)}, ${given}`,
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

const allocate: RunRequest['allocate'] = (dtype, shape) => {
  const memory = addon().allocateTensor(bytesOf(dtype, shape));
  return { dtype, shape, data: arrayOver(dtype, memory) };
};
