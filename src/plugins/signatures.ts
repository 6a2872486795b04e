/** The signatures that a plugin's servable declares, looked through. */
import type { Signatures, SignatureSpec } from '../servables/signature-def-map.js';
import type { TensorSpec } from '../servables/tensor-spec.js';
import { DATA_TYPES } from './element-types.js';
import type { DataType, Signature, TensorInfo } from './plugin.js';

/** All that it takes must be given: there are no defaults. */
export type DeclaredSignature = Pick<SignatureSpec, 'inputs' | 'outputs'>;

/**
 * By name.
 * @throws TypeError that says where they are wrong, what was expected and what was given
 */
export function declaredSignatures(signatures: unknown): ReadonlyMap<string, DeclaredSignature> {
  const named = entriesOf('signatures', signatures).map(([name, signature]) => {
    const where = `signatures[${JSON.stringify(name)}]`;
    const { inputs, outputs } = Object(signature) as Partial<Signature>;
    const specs = {
      inputs: specsOf(`${where}.inputs`, inputs),
      outputs: specsOf(`${where}.outputs`, outputs),
    };
    return [name, specs] as const;
  });
  return new Map(named);
}

/** Those of a model, for a plugin. */
export function pluginSignatures(signatures: Signatures): Record<string, Signature> {
  const infosOf = (specs: ReadonlyMap<string, TensorSpec>): Signature['inputs'] =>
    Object.fromEntries(
      [...specs].map(([alias, { dtype, shape }]) => [
        alias,
        { dtype: dtype as DataType, ...(shape !== null && { shape }) },
      ]),
    );
  return Object.fromEntries(
    [...signatures].map(([name, { inputs, outputs }]) => [
      name,
      { inputs: infosOf(inputs), outputs: infosOf(outputs) },
    ]),
  );
}

function specsOf(where: string, tensors: unknown): ReadonlyMap<string, TensorSpec> {
  const specs = entriesOf(where, tensors).map(([alias, info]) => {
    const at = `${where}[${JSON.stringify(alias)}]`;
    const { dtype, shape } = Object(info) as Partial<TensorInfo>;
    if (!DATA_TYPES.includes(String(dtype))) {
      const given = dtype === undefined ? 'none' : JSON.stringify(dtype);
      throw new TypeError(`${at}.dtype: expected one of ${DATA_TYPES.join(', ')}, got ${given}`);
    }
    return [alias, { dtype: String(dtype), shape: shapeOf(`${at}.shape`, shape) }] as const;
  });
  return new Map(specs);
}

function shapeOf(where: string, shape: readonly number[] | undefined): readonly number[] | null {
  if (shape === undefined) return null;
  if (Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= -1)) {
    return [...(shape as readonly number[])];
  }
  const given = JSON.stringify(shape);
  throw new TypeError(`${where}: expected an array of integers from -1 on, got ${given}`);
}

function entriesOf(where: string, value: unknown): [string, unknown][] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length > 0) return entries;
  throw new TypeError(`${where}: expected an object with at least one entry, got ${String(value)}`);
}
