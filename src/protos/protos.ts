/** The messages of protos/ that TypeScript itself reads and writes: control messages, never tensors. */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import protobuf from 'protobufjs';

const FOLDER = fileURLToPath(new URL('../../../protos', import.meta.url));
const WELL_KNOWN = /^google\/protobuf\//;

/** Loads files of protos/ with all they import. Blocking: for start-up. */
export function loadProtos(files: readonly string[]): protobuf.Root {
  const root = new protobuf.Root();
  // protobufjs carries the well-known types itself.
  root.resolvePath = (_, target) => (WELL_KNOWN.test(target) ? target : join(FOLDER, target));
  root.loadSync([...files], { keepCase: true }).resolveAll();
  return root;
}

/** The name by which a .proto file imports the one at `path`. */
export function protoFileName(path: string): string {
  return relative(FOLDER, path);
}
