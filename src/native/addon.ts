/**
 * Finds and loads the addon, once per environment, and says what to do when that fails. The launcher
 * (bin/, scripts/) names the file in TENSORGATE_ADDON; without it the checkout's own build is taken.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { ServingError, StatusCode } from '../status/serving-error.js';
import type { NativeBinding } from './binding.js';

const BUILT = fileURLToPath(new URL('../../../build/Release/tensorgate.node', import.meta.url));

let loaded: NativeBinding | null = null;

/** @throws ServingError FAILED_PRECONDITION when the addon or libtensorflow cannot be loaded. */
export function addon(): NativeBinding {
  loaded ??= load(process.env['TENSORGATE_ADDON'] ?? BUILT);
  return loaded;
}

function load(path: string): NativeBinding {
  if (!existsSync(path)) {
    throw new ServingError(
      StatusCode.FAILED_PRECONDITION,
      `the native addon is not built: ${path} does not exist. ` +
        'In a checkout, `npm start` or `node scripts/setup.mjs` builds it.',
    );
  }
  // oneDNN's own allocator never gives memory back, such as that of weights in a form given up.
  process.env['TF_ONEDNN_USE_SYSTEM_ALLOCATOR'] ??= '1';
  try {
    const native = createRequire(import.meta.url)(path) as NativeBinding;
    process.once('exit', () => native.leaveJobsAtExit());
    return native;
  } catch (error) {
    throw new ServingError(
      StatusCode.FAILED_PRECONDITION,
      `the native addon cannot be loaded: ${adviceFor(error)}`,
      [],
      { cause: error },
    );
  }
}

function adviceFor(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (reason.includes('libtensorflow')) {
    return `${reason}. Fetch the TensorFlow library with scripts/fetch-libtensorflow.sh.`;
  }
  if (reason.includes('GLIBC') || reason.includes('wrong ELF class')) {
    return `${reason}. It was built for another system: remove build/ and start again.`;
  }
  return reason;
}
