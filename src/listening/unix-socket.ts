/** The paths of Unix sockets, which outlive the process that bound them. */
import { lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';

import { ServingError, StatusCode } from '../status/serving-error.js';

/** What `sun_path` has room for, less the NUL that ends it. */
const MOST_PATH_BYTES = 107;

/**
 * Makes `path` ready to be bound: a socket that a killed server has left is removed, one on which somebody
 * answers is not, and what is no socket stays, whatever binding makes of it. Upstream takes the path from
 * a server that still serves there.
 * @throws ServingError INVALID_ARGUMENT for a path that the kernel would cut, UNAVAILABLE where somebody serves
 */
export async function prepareSocketPath(path: string): Promise<void> {
  const refusal = socketPathRefusal(path);
  if (refusal !== null) throw new ServingError(StatusCode.INVALID_ARGUMENT, refusal);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  if (await isAnswered(path)) {
    throw new ServingError(StatusCode.UNAVAILABLE, `unix:${path}: another server serves there`);
  }
  rmSync(path, { force: true });
}

/** Why nothing can be bound to it, whatever is there; null: it can. */
export function socketPathRefusal(path: string): string | null {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MOST_PATH_BYTES) return null;
  return `the path of a Unix socket has at most ${MOST_PATH_BYTES} bytes, ${path} has ${bytes}`;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(path);
    client.on('connect', () => {
      client.destroy();
      resolve(true);
    });
    // Only nobody's socket refuses; one whose queue is full, or that is not ours to ask, is somebody's.
    client.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
  });
}
