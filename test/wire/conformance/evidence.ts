/** What shows that a line of the checklist holds. */

/** Where a line is shown to hold. */
export type Evidence =
  /** By cases of the table. */
  | 'cases'
  /** By tests elsewhere: a file from the root of the repository and their titles in it. */
  | { readonly test: string; readonly titles: readonly string[]; readonly why: string }
  /** By nothing: there is nothing a server could show. */
  | { readonly test: null; readonly why: string }
  /** Not at all so far. */
  | { readonly notYet: string };

export const inFile =
  (test: string, why: string) =>
  (...titles: readonly string[]): Evidence => ({ test, titles, why });

export const library = (why: string): Evidence => ({ test: null, why });
export const notYet = (reason: string): Evidence => ({ notYet: reason });
