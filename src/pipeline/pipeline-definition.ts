/** PipelineDefinition: what a pipeline.pbtxt says, with its names resolved. Plain data. */

/** Where a tensor comes from: an output of a step, by the step's index; or an input of the pipeline. */
export interface Source {
  /** Null: the request. */
  readonly step: number | null;
  /** The alias in the step's signature, or the input's name. */
  readonly name: string;
  /** As the file has it. */
  readonly text: string;
}

/** `otherwise` is taken where the step behind `from` was skipped. */
export interface Choice {
  readonly from: Source;
  readonly otherwise: Source | null;
}

export interface StepInput extends Choice {
  /** The alias in the step's signature. */
  readonly to: string;
}

/** A scalar bool; the step runs where it is `wanted`. */
export interface Condition {
  readonly source: Source;
  readonly wanted: boolean;
}

export interface Step {
  readonly name: string;
  readonly model: string;
  /** At most one of both is set. */
  readonly version: bigint | null;
  readonly label: string | null;
  readonly signature: string;
  readonly inputs: readonly StepInput[];
  readonly condition: Condition | null;
  /** Aliases that somebody takes; at least one. */
  readonly fetches: readonly string[];
}

export interface PipelineOutput extends Choice {
  readonly name: string;
}

export interface PipelineDefinition {
  readonly signature: string;
  readonly inputs: readonly string[];
  /** Each behind all that it takes from. */
  readonly steps: readonly Step[];
  readonly outputs: readonly PipelineOutput[];
}

/** Of the step itself: what it takes, and its condition. */
export function sourcesOf({ inputs, condition }: Step): Source[] {
  const sources = inputs.flatMap(sourcesOfChoice);
  return condition === null ? sources : [...sources, condition.source];
}

export function sourcesOfChoice({ from, otherwise }: Choice): Source[] {
  return otherwise === null ? [from] : [from, otherwise];
}
