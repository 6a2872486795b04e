/**
 * A pipeline against the signatures of its steps' models: at its load, where its own signature is found, and
 * whenever one of the models is another. Pure.
 */
import type { Signatures, SignatureSpec } from '../servables/signature-def-map.js';
import { areCompatible, specText, type TensorSpec } from '../servables/tensor-spec.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Choice, PipelineDefinition, Source, Step } from './pipeline-definition.js';
import { bothOf, eitherOf } from './pipeline-specs.js';

/** The pipeline's own. */
export type PipelineSignature = Pick<SignatureSpec, 'inputs' | 'outputs'>;

const CONDITION: TensorSpec = { dtype: 'DT_BOOL', shape: [] };

/**
 * `signatures`: of each step's model. `declared`: what clients know of the pipeline, which must hold; null at
 * its load. Returns what the models make of it.
 * @throws ServingError FAILED_PRECONDITION, which names the step
 */
export function checkPipeline(
  definition: PipelineDefinition,
  signatures: readonly Signatures[],
  declared: PipelineSignature | null = null,
): PipelineSignature {
  const { steps, outputs: answers } = definition;
  const inputs = new Map(declared?.inputs ?? []);
  const specs = steps.map((step, index) => signatureOf(step, signatures[index] ?? new Map()));

  /** The source gives what is `expected`; of an input of the pipeline that is how it becomes known. */
  const take = (source: Source, expected: TensorSpec, where: string): void => {
    const given =
      source.step === null ? inputs.get(source.name) : specs[source.step]?.outputs.get(source.name);
    if (given !== undefined && !areCompatible(given, expected)) {
      const [wanted, got] = [specText(expected), specText(given)];
      refuse(`${where}: expected ${wanted}, but "${source.text}" is ${got}`);
    }
    if (source.step === null) {
      inputs.set(source.name, given === undefined ? expected : bothOf(given, expected));
    }
  };

  steps.forEach((step, index) => {
    const spec = specs[index];
    if (spec === undefined) return;
    const { name, condition } = step;
    checkNames(step, spec);
    for (const input of step.inputs) {
      const expected = spec.inputs.get(input.to);
      if (expected === undefined) continue;
      const where = `step "${name}", input "${input.to}" of ${modelText(step)}`;
      take(input.from, expected, where);
      if (input.otherwise !== null) take(input.otherwise, expected, where);
    }
    if (condition === null) return;
    take(condition.source, CONDITION, `step "${name}", ${condition.wanted ? 'if' : 'unless'}`);
  });

  const specOf = ({ step, name }: Source): TensorSpec | undefined =>
    step === null ? inputs.get(name) : specs[step]?.outputs.get(name);
  const outputs = new Map(
    answers.map((answer) => {
      const { name } = answer;
      const spec = outputSpec(answer, `output "${name}"`, specOf);
      const known = declared?.outputs.get(name);
      if (known !== undefined && !areCompatible(known, spec)) {
        const from = stepText(answer.from, steps);
        const [was, is] = [specText(known), specText(spec)];
        refuse(`${from}output "${name}" of the pipeline was ${was} at its load, and is ${is} now`);
      }
      return [name, spec];
    }),
  );
  return { inputs, outputs };
}

function refuse(what: string): never {
  throw new ServingError(StatusCode.FAILED_PRECONDITION, what);
}

function modelText({ model, signature }: Step): string {
  return `model "${model}", signature "${signature}"`;
}

function stepText({ step }: Source, steps: readonly Step[]): string {
  return step === null ? '' : `step "${steps[step]?.name}": `;
}

function listOf(names: Iterable<string>): string {
  const all = [...names].sort();
  return all.length === 0
    ? 'there is none'
    : `expected one of ${all.map((each) => `"${each}"`).join(', ')}`;
}

function signatureOf({ name, model, signature }: Step, signatures: Signatures): SignatureSpec {
  const spec = signatures.get(signature);
  if (spec !== undefined) return spec;
  return refuse(
    `step "${name}": model "${model}" has no signature "${signature}", ${listOf(signatures.keys())}`,
  );
}

/** All that the step names is there, and all that its signature needs is given. */
function checkNames(step: Step, { inputs, outputs, defaults }: SignatureSpec): void {
  const where = `step "${step.name}": ${modelText(step)}`;
  const given = new Set(step.inputs.map(({ to }) => to));
  for (const name of given) {
    if (!inputs.has(name)) refuse(`${where} has no input "${name}", ${listOf(inputs.keys())}`);
  }
  for (const [name, spec] of inputs) {
    if (given.has(name) || defaults.has(name)) continue;
    refuse(`${where} needs input "${name}", ${specText(spec)}, which the step does not give`);
  }
  for (const name of step.fetches) {
    if (!outputs.has(name)) refuse(`${where} has no output "${name}", ${listOf(outputs.keys())}`);
  }
}

function outputSpec(
  { from, otherwise }: Choice,
  where: string,
  specOf: (source: Source) => TensorSpec | undefined,
): TensorSpec {
  const [first, second] = [specOf(from), otherwise === null ? undefined : specOf(otherwise)];
  if (first === undefined) return refuse(`${where}: nothing is known of "${from.text}"`);
  if (otherwise === null || second === undefined) return first;
  if (first.dtype !== second.dtype) {
    const [a, b] = [specText(first), specText(second)];
    refuse(`${where}: "${from.text}" is ${a}, but "${otherwise.text}" is ${b}`);
  }
  return eitherOf(first, second);
}
