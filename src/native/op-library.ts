/** Libraries of custom ops into TensorFlow's process-wide registry, on the addon's load pool. */
import { addon } from './addon.js';
import type { NativeOpLibrary } from './binding.js';
import { call } from './calls.js';

/**
 * Resolves at once for content that is loaded already.
 * @throws ServingError TensorFlow's status; see binding/runtime/op_libraries.h for the others
 */
export function loadOpLibrary(library: NativeOpLibrary): Promise<void> {
  return new Promise((resolve, reject) => {
    call<void>(
      (error) => {
        if (error === null) resolve();
        else reject(error);
      },
      (slot) => addon().loadLibrary(slot, library),
    );
  });
}
