/**
 * A program: loads the libraries that its argument lists, and tells its parent through file descriptor 3 how that
 * went. What a library does to the process when it is loaded, it does to this one; see op-library.ts.
 */
import { writeSync } from 'node:fs';

import { ServingError } from '../status/serving-error.js';
import { addon } from './addon.js';
import type { NativeOpLibrary } from './binding.js';
import { loadOpLibrary, type TrialVerdict } from './op-library.js';

const VERDICT = 3;

async function verdictOn(libraries: readonly NativeOpLibrary[]): Promise<TrialVerdict> {
  try {
    addon().configure(1, 1, 1, 0);
    for (const library of libraries) await loadOpLibrary(library);
    return { error: null };
  } catch (error) {
    const { code, message } = ServingError.from(error);
    return { error: { code, message } };
  }
}

const libraries = JSON.parse(process.argv[2] ?? '[]') as NativeOpLibrary[];
writeSync(VERDICT, JSON.stringify(await verdictOn(libraries)));
process.kill(process.pid, 'SIGKILL'); // the verdict stands, whatever the libraries would do at an exit
