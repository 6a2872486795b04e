/** What the parts of the addon's surface have in common: values that cross between it and JavaScript. */

/** Dtypes travel as tensorflow.DataType numbers. Strings are arrays of byte strings. */
export interface NativeTensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly data: ArrayBuffer | readonly (Uint8Array | string)[];
}

/** The inference methods by the numbers that the addon knows them by. */
export const Method = {
  predict: 0,
  classify: 1,
  regress: 2,
  multiInference: 3,
  sessionRun: 4,
} as const;
export type Method = (typeof Method)[keyof typeof Method];

/** [field, description, field, …]; null is none. */
export type NativeViolations = readonly string[] | null;
export type NativeFailure = readonly [code: number, message: string, violations: NativeViolations];
