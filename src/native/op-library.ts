/** Libraries of custom ops into TensorFlow's process-wide registry, on the addon's load pool. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { ServingError, StatusCode } from '../status/serving-error.js';
import { addon } from './addon.js';
import type { NativeOpLibrary } from './binding.js';
import { call } from './calls.js';

const TRIAL = fileURLToPath(new URL('./op-library-trial.js', import.meta.url));
const TRIAL_MILLIS = 120_000;

/** What a trial says; null: all were loaded. */
export interface TrialVerdict {
  readonly error: { readonly code: StatusCode; readonly message: string } | null;
}

/** In the order of loading; the process never gives one up. */
const loaded: NativeOpLibrary[] = [];

/**
 * Resolves at once for content that is loaded already.
 * @throws ServingError TensorFlow's status; see binding/model/op_libraries.h for the others
 */
export function loadOpLibrary(library: NativeOpLibrary): Promise<void> {
  return new Promise((resolve, reject) => {
    call<void>(
      (error) => {
        if (error !== null) return reject(error);
        if (!isLoaded(library)) loaded.push(library);
        resolve();
      },
      (slot) => addon().loadLibrary(slot, library),
    );
  });
}

/**
 * Loads them in a process of its own first, beside those that this one has: there a library may abort, or register
 * what is registered already, and this process goes on as it was.
 * @throws ServingError FAILED_PRECONDITION where the trial's process has ended; otherwise as loadOpLibrary
 */
export async function tryOpLibraries(libraries: readonly NativeOpLibrary[]): Promise<void> {
  const fresh = libraries.filter((library) => !isLoaded(library));
  if (fresh.length === 0) return;
  const child = spawn(process.execPath, [TRIAL, JSON.stringify([...loaded, ...fresh])], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    timeout: TRIAL_MILLIS,
    killSignal: 'SIGKILL',
  });
  let text = '';
  child.stdio[3]?.on('data', (data: Buffer) => (text += data.toString()));
  const end = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const names = fresh.map(({ path }) => path).join(', ');
  if (text === '') {
    throw new ServingError(
      StatusCode.FAILED_PRECONDITION,
      `op library ${names} is not loaded: a process that tried it ended with ${end}`,
    );
  }
  const { error } = JSON.parse(text) as TrialVerdict;
  if (error !== null) throw new ServingError(error.code, error.message);
}

function isLoaded({ digest }: NativeOpLibrary): boolean {
  return loaded.some((each) => each.digest === digest);
}
