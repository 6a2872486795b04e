/** The rows of signatures, as the addon takes and tells what is known of them. */

/** How it is found out whether the rows of signatures are independent. */
export type RowPolicy = 'prove' | 'assume-independent';

/**
 * Whether a signature's rows are independent, by binding/warmup/row_independence.h: `refusal` says why they
 * are not known to be, '' where they are proven, or assumed. The times are of the fastest of a few runs, 0
 * where none was made.
 */
export type SignatureRows = readonly [
  signature: string,
  refusal: string,
  isProven: boolean,
  oneRowNanos: number,
  twoRowsNanos: number,
];
