/**
 * pipeline.pbtxt: read, and checked for all that can be seen without the models: names that there are not, or
 * twice, circles, what nobody takes. protos/tensorgate/pipeline.proto says what each field means.
 */
import type protobuf from 'protobufjs';

import { parseTextProto } from '../config/text-proto.js';
import { loadProtos } from '../protos/protos.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import {
  sourcesOf,
  sourcesOfChoice,
  type Choice,
  type Condition,
  type PipelineDefinition,
  type PipelineOutput,
  type Source,
  type Step,
} from './pipeline-definition.js';
import { ALWAYS, allOf, eitherOf, literal, type Presence } from './presence.js';

export const PIPELINE_FILE = 'pipeline.pbtxt';
const DEFAULT_SIGNATURE = 'serving_default';
const MAX_STEPS = 256;
const REQUEST = 'request';
const STEP_NAME = /^[A-Za-z0-9_-]+$/;

let configType: protobuf.Type | null = null;

interface ChoiceText {
  readonly from?: string;
  readonly else?: string;
}

interface StepText {
  readonly name?: string;
  readonly model?: string;
  readonly version?: bigint;
  readonly label?: string;
  readonly signature?: string;
  readonly input?: readonly (ChoiceText & { readonly to?: string })[];
  readonly output?: readonly { readonly name?: string; readonly as?: string }[];
  readonly if?: string;
  readonly unless?: string;
}

interface PipelineText {
  readonly input?: readonly { readonly name?: string }[];
  readonly step?: readonly StepText[];
  readonly output?: readonly (ChoiceText & { readonly name?: string })[];
  readonly signature?: string;
}

/** `file` is for errors. @throws ServingError INVALID_ARGUMENT, permanent: waiting mends no file */
export function parsePipeline(text: Uint8Array, file: string): PipelineDefinition {
  const name = 'tensorgate.PipelineConfig';
  configType ??= loadProtos(['tensorgate/pipeline.proto']).lookupType(name);
  try {
    return definitionOf(parseTextProto(configType, text, file));
  } catch (thrown) {
    const { code, message, violations } = ServingError.from(thrown);
    const what = message.includes(file) ? message : `${file}: ${message}`;
    throw new ServingError(code, what, violations, { cause: thrown, isPermanent: true });
  }
}

function refuse(what: string): never {
  throw new ServingError(StatusCode.INVALID_ARGUMENT, what);
}

function definitionOf(given: PipelineText): PipelineDefinition {
  const { step: steps = [], output: outputs = [] } = given;
  const inputs = (given.input ?? []).map(({ name = '' }) => name);
  checkNames('input', inputs);
  checkNames(
    'step',
    steps.map(({ name = '' }) => name),
  );
  checkNames(
    'output',
    outputs.map(({ name = '' }) => name),
  );
  if (steps.length === 0) refuse('it has no step');
  if (steps.length > MAX_STEPS) refuse(`it has ${steps.length} steps, at most ${MAX_STEPS} may be`);
  if (outputs.length === 0) refuse('it has no output');
  const names = new Names(inputs, steps);
  const unordered = steps.map((step) => stepOf(step, names));
  const answers = outputs.map((output): PipelineOutput => {
    const where = `output "${output.name}"`;
    return { name: output.name ?? '', ...names.choice(output, where) };
  });
  const definition = ordered(unordered, answers);
  checkUses(inputs, definition.steps);
  checkPresence(definition.steps, definition.outputs);
  const { signature = DEFAULT_SIGNATURE } = given;
  return { signature, inputs, ...definition };
}

function checkNames(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  names.forEach((name, index) => {
    if (name === '') refuse(`${what}[${index}] has no name`);
    if (seen.has(name)) refuse(`there are two of ${what} "${name}"`);
    seen.add(name);
    if (what !== 'step') return;
    if (!STEP_NAME.test(name)) {
      refuse(`step "${name}": expected a name of letters, digits, "_" and "-"`);
    }
    if (name === REQUEST) refuse(`step "${name}": the name stands for the request`);
  });
}

/** What the texts of sources stand for. */
class Names {
  readonly #inputs: ReadonlySet<string>;
  readonly #steps: ReadonlyMap<string, number>;
  /** Of each step, what its outputs are called here, with their aliases; null: as in the signature. */
  readonly #outputs: readonly (ReadonlyMap<string, string> | null)[];

  constructor(inputs: readonly string[], steps: readonly StepText[]) {
    this.#inputs = new Set(inputs);
    this.#steps = new Map(steps.map(({ name = '' }, index) => [name, index]));
    this.#outputs = steps.map(({ name, output = [] }) => {
      if (output.length === 0) return null;
      const called = output.map(({ name: alias = '', as = alias }) => [as, alias] as const);
      for (const [, alias] of called)
        if (alias === '') refuse(`step "${name}": output without name`);
      const aliases = new Map(called);
      if (aliases.size < called.length) refuse(`step "${name}": two outputs have the same name`);
      return aliases;
    });
  }

  source(text: string, where: string): Source {
    const dot = text.indexOf('.');
    const owner = dot < 0 ? REQUEST : text.slice(0, dot);
    const name = text.slice(dot + 1);
    if (this.#inputs.has(text)) return { step: null, name: text, text };
    if (owner === REQUEST) {
      if (this.#inputs.has(name)) return { step: null, name, text };
      refuse(`${where}: there is no input "${name}"${listOf(this.#inputs)}`);
    }
    const step = this.#steps.get(owner);
    if (step === undefined) {
      refuse(`${where}: there is no step "${owner}"${listOf(this.#steps.keys())}`);
    }
    const called = this.#outputs[step] ?? null;
    const alias = called === null ? name : called.get(name);
    if (alias === undefined || alias === '') {
      refuse(`${where}: step "${owner}" has no output "${name}"${listOf(called?.keys() ?? [])}`);
    }
    return { step, name: alias, text };
  }

  choice({ from = '', else: otherwise = '' }: ChoiceText, where: string): Choice {
    if (from === '') refuse(`${where}: it has no "from"`);
    return {
      from: this.source(from, where),
      otherwise: otherwise === '' ? null : this.source(otherwise, where),
    };
  }
}

function listOf(names: Iterable<string>): string {
  const all = [...names];
  return all.length === 0 ? '' : `, expected one of ${all.map((name) => `"${name}"`).join(', ')}`;
}

function stepOf(given: StepText, names: Names): Step {
  const { name = '', model = '', version = null, label = null, input = [] } = given;
  const where = `step "${name}"`;
  if (model === '') refuse(`${where}: it has no model`);
  if (version !== null && label !== null) refuse(`${where}: it has a version and a label`);
  if (label === '') refuse(`${where}: its label is empty`);
  const inputs = input.map((each) => {
    const { to = '' } = each;
    if (to === '') refuse(`${where}: an input without "to"`);
    return { to, ...names.choice(each, `${where}, input "${to}"`) };
  });
  const twice = inputs.find(({ to }, index) => inputs.findIndex((each) => each.to === to) < index);
  if (twice !== undefined) refuse(`${where}: there are two of input "${twice.to}"`);
  const signature = (given.signature ?? '') === '' ? DEFAULT_SIGNATURE : (given.signature ?? '');
  const condition = conditionOf(given, names, where);
  return { name, model, version, label, signature, inputs, condition, fetches: [] };
}

function conditionOf(given: StepText, names: Names, where: string): Condition | null {
  const { if: wanted = '', unless: unwanted = '' } = given;
  if (wanted !== '' && unwanted !== '') refuse(`${where}: it has "if" and "unless"`);
  if (wanted !== '') return { source: names.source(wanted, `${where}, if`), wanted: true };
  if (unwanted === '') return null;
  return { source: names.source(unwanted, `${where}, unless`), wanted: false };
}

/** Each step behind those that it takes from; the sources have the new indexes. */
function ordered(
  steps: readonly Step[],
  outputs: readonly PipelineOutput[],
): Pick<PipelineDefinition, 'steps' | 'outputs'> {
  const order: number[] = [];
  const path: number[] = [];
  const visit = (index: number): void => {
    if (order.includes(index)) return;
    const begin = path.indexOf(index);
    if (begin >= 0) {
      const circle = [...path.slice(begin), index].map((each) => steps[each]?.name ?? '');
      refuse(`the steps run in a circle: ${circle.join(' -> ')}`);
    }
    path.push(index);
    const step = steps[index];
    for (const source of step === undefined ? [] : sourcesOf(step)) {
      if (source.step !== null) visit(source.step);
    }
    path.pop();
    order.push(index);
  };
  steps.forEach((_, index) => visit(index));
  const places = new Map(order.map((index, place) => [index, place]));
  const moved = (source: Source): Source =>
    source.step === null ? source : { ...source, step: places.get(source.step) ?? 0 };
  const movedChoice = <T extends Choice>(choice: T): T => {
    const { from, otherwise } = choice;
    return {
      ...choice,
      from: moved(from),
      otherwise: otherwise === null ? null : moved(otherwise),
    };
  };
  const inOrder = order.flatMap((index) => {
    const step = steps[index];
    if (step === undefined) return [];
    const { condition } = step;
    const at = condition === null ? null : { ...condition, source: moved(condition.source) };
    return [{ ...step, inputs: step.inputs.map(movedChoice), condition: at }];
  });
  const answers = outputs.map(movedChoice);
  const fetched = fetchesOf(inOrder, answers);
  return {
    steps: inOrder.map((step, index) => ({ ...step, fetches: [...(fetched.get(index) ?? [])] })),
    outputs: answers,
  };
}

function fetchesOf(
  steps: readonly Step[],
  outputs: readonly PipelineOutput[],
): Map<number, Set<string>> {
  const fetched = new Map<number, Set<string>>();
  for (const { step, name } of [...steps.flatMap(sourcesOf), ...outputs.flatMap(sourcesOfChoice)]) {
    if (step === null) continue;
    const aliases = fetched.get(step) ?? new Set<string>();
    fetched.set(step, aliases.add(name));
  }
  return fetched;
}

/** An input has the dtype and shape of the steps that take it. */
function checkUses(inputs: readonly string[], steps: readonly Step[]): void {
  const idle = steps.find(({ fetches }) => fetches.length === 0);
  if (idle !== undefined) refuse(`step "${idle.name}": nobody takes an output of it`);
  const sources = steps.flatMap(sourcesOf);
  const isTaken = (input: string): boolean =>
    sources.some(({ step, name }) => step === null && name === input);
  const unused = inputs.find((input) => !isTaken(input));
  if (unused !== undefined) refuse(`input "${unused}": no step takes it`);
}

/** An answer must have all its outputs. */
function checkPresence(steps: readonly Step[], outputs: readonly PipelineOutput[]): void {
  const presences: Presence[] = [];
  const of = ({ step }: Source): Presence => (step === null ? ALWAYS : (presences[step] ?? ALWAYS));
  const ofChoice = ({ from, otherwise }: Choice, unknown: string): Presence =>
    otherwise === null ? of(from) : eitherOf(of(from), of(otherwise), unknown);
  for (const { name, inputs, condition } of steps) {
    const needed = inputs.map((input) => ofChoice(input, `${name}.${input.to}`));
    if (condition !== null) {
      const { source, wanted } = condition;
      const key = `${source.step ?? REQUEST}.${source.name}`;
      needed.push(of(source), new Set([literal(key, wanted)]));
    }
    presences.push(allOf(needed));
  }
  for (const output of outputs) {
    if (ofChoice(output, '').size === 0) continue;
    const { from, otherwise } = output;
    const both =
      otherwise === null ? `"${from.text}" may be skipped` : 'both sources may be skipped';
    const advice = otherwise === null ? 'give it an "else"' : 'one of them must always be there';
    refuse(`output "${output.name}": ${both}: ${advice}`);
  }
}
