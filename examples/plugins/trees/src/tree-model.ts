/**
 * TreeModel: a model file as what a server serves: signatures, and a run of each over typed arrays. Its
 * answers are those of the package's own predict with all trees. Not for several threads at once.
 *
 *   serving_default  features → predictions                what the package's predict says
 *   margins          features → margins                    the sums before the link
 *   classes          features → classes, probabilities     of classifiers
 *   leaves           features → leaves                     the leaf of each tree
 */
import type { Ensemble, FloatArray } from './ensemble.js';
import { identity, indexOfMost, type Link } from './links.js';

export type DataType = 'DT_FLOAT' | 'DT_DOUBLE' | 'DT_INT32';

export interface TensorInfo {
  readonly dtype: DataType;
  /** -1: as many as there are rows. */
  readonly shape: readonly number[];
}

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array | Int32Array;
}

/** What an objective makes of the sums. */
export interface Objective {
  readonly name: string;
  readonly predictions: Link;
  /** Null: no classifier. Of two classes: the probability of the second. */
  readonly probabilities: Link | null;
}

export interface TreeModelParts {
  readonly format: 'XGBoost' | 'LightGBM';
  readonly ensemble: Ensemble;
  readonly objective: Objective;
  readonly features: number;
  /** Empty where the file names none. */
  readonly featureNames: readonly string[];
  /** What the package computes in, hence takes and answers. */
  readonly dtype: 'DT_FLOAT' | 'DT_DOUBLE';
}

/** The smallest probability, not included, at which the second of two classes is predicted. */
const EVEN = 0.5;

export class TreeModel {
  readonly format: 'XGBoost' | 'LightGBM';
  readonly objective: string;
  readonly features: number;
  readonly featureNames: readonly string[];
  readonly signatures: Readonly<Record<string, Signature>>;
  readonly #ensemble: Ensemble;
  readonly #links: Objective;
  readonly #dtype: 'DT_FLOAT' | 'DT_DOUBLE';

  constructor({ format, ensemble, objective, features, featureNames, dtype }: TreeModelParts) {
    this.format = format;
    this.objective = objective.name;
    this.features = features;
    this.featureNames = featureNames;
    this.#ensemble = ensemble;
    this.#links = objective;
    this.#dtype = dtype;
    this.signatures = this.#makeSignatures();
  }

  get trees(): number {
    return this.#ensemble.trees;
  }

  /** Sums for each row: targets or classes of the model. */
  get groups(): number {
    return this.#ensemble.groups;
  }

  /** Values of `predict` for each row. */
  get outputs(): number {
    return this.#links.predictions.isSingle ? 1 : this.groups;
  }

  /**
   * What the package's predict says, into `out`: `outputs` values for each row.
   * REQUIRES: `rows` has `features` values for each of `n` rows, NaN for a missing one, `out` room.
   */
  predict(rows: FloatArray, n: number, out: FloatArray): void {
    this.#apply(this.#links.predictions, rows, n, out);
  }

  /** The sums, into `out`: `groups` values for each row; otherwise as `predict`. */
  margins(rows: FloatArray, n: number, out: FloatArray): void {
    this.#apply(identity, rows, n, out);
  }

  /** The package's number of the leaf, into `out`: `trees` values for each row; otherwise as `predict`. */
  leaves(rows: FloatArray, n: number, out: Int32Array): void {
    const { block } = this.#ensemble;
    for (let first = 0; first < n; first += block) {
      const count = Math.min(block, n - first);
      this.#ensemble.leaves(rows, first, count, out, first * this.trees);
    }
  }

  /**
   * Answers one of `signatures`.
   * @throws RangeError where there is no such signature, or an input is not as it says.
   */
  run(signatureName: string, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    if (!Object.hasOwn(this.signatures, signatureName)) {
      const names = Object.keys(this.signatures).join(', ');
      throw new RangeError(`no signature ${JSON.stringify(signatureName)}; there are ${names}`);
    }
    const { rows, n } = this.#rowsOf(inputs);
    switch (signatureName) {
      case 'margins': {
        const margins = this.#floats(n * this.groups);
        this.margins(rows, n, margins);
        return { margins: this.#tensor(n, this.groups, margins) };
      }
      case 'leaves': {
        const values = new Int32Array(n * this.trees);
        this.leaves(rows, n, values);
        return { leaves: { dtype: 'DT_INT32', shape: [n, this.trees], values } };
      }
      case 'classes':
        return this.#classes(rows, n);
      default: {
        const predictions = this.#floats(n * this.outputs);
        this.predict(rows, n, predictions);
        return { predictions: this.#tensor(n, this.outputs, predictions) };
      }
    }
  }

  #classes(rows: FloatArray, n: number): Record<string, Tensor> {
    const { groups } = this;
    const probabilities = this.#floats(n * groups);
    if (this.#links.probabilities) this.#apply(this.#links.probabilities, rows, n, probabilities);
    const values = new Int32Array(n);
    for (let row = 0; row < n; ++row) {
      values[row] =
        groups > 1
          ? indexOfMost(probabilities, row * groups, groups)
          : Number((probabilities[row] as number) > EVEN);
    }
    return {
      classes: { dtype: 'DT_INT32', shape: [n], values },
      probabilities: this.#tensor(n, groups, probabilities),
    };
  }

  #apply({ apply, isSingle }: Link, rows: FloatArray, n: number, out: FloatArray): void {
    const { groups } = this;
    const { block } = this.#ensemble;
    const width = isSingle ? 1 : groups;
    for (let first = 0; first < n; first += block) {
      const count = Math.min(block, n - first);
      const margins = this.#ensemble.margins(rows, first, count);
      for (let row = 0; row < count; ++row) {
        apply(margins, row * groups, groups, out, (first + row) * width);
      }
    }
  }

  #rowsOf(inputs: Readonly<Record<string, Tensor>>): { rows: FloatArray; n: number } {
    const names = Object.keys(inputs);
    const given = Object.hasOwn(inputs, 'features') ? inputs['features'] : undefined;
    if (!given || names.length !== 1) {
      throw new RangeError(`inputs: expected features alone, got ${names.join(', ') || 'none'}`);
    }
    const { values, shape, dtype } = given;
    const [n, width] = shape;
    if (shape.length !== 2 || n === undefined || width !== this.features) {
      const expected = `shape [-1, ${this.features}]`;
      throw new RangeError(`input features: expected ${expected}, got [${shape.join(', ')}]`);
    }
    if (values instanceof Int32Array || values.length !== n * width) {
      const expected = `${n * width} floating-point values`;
      throw new RangeError(
        `input features: expected ${expected}, got ${values.length} of ${dtype}`,
      );
    }
    return { rows: values, n };
  }

  #floats(length: number): FloatArray {
    return this.#dtype === 'DT_FLOAT' ? new Float32Array(length) : new Float64Array(length);
  }

  /** One value for each row is a vector, several are a matrix. */
  #tensor(n: number, width: number, values: FloatArray): Tensor {
    return { dtype: this.#dtype, shape: width === 1 ? [n] : [n, width], values };
  }

  #makeSignatures(): Record<string, Signature> {
    const floats = (width: number): TensorInfo => ({
      dtype: this.#dtype,
      shape: width === 1 ? [-1] : [-1, width],
    });
    const inputs = { features: { dtype: this.#dtype, shape: [-1, this.features] } };
    const signatures: Record<string, Signature> = {
      serving_default: { inputs, outputs: { predictions: floats(this.outputs) } },
      margins: { inputs, outputs: { margins: floats(this.groups) } },
      leaves: { inputs, outputs: { leaves: { dtype: 'DT_INT32', shape: [-1, this.trees] } } },
    };
    if (this.#links.probabilities) {
      const classes: TensorInfo = { dtype: 'DT_INT32', shape: [-1] };
      const outputs = { classes, probabilities: floats(this.groups) };
      signatures['classes'] = { inputs, outputs };
    }
    return signatures;
  }
}
