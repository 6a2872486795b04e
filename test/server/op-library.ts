/** Builds the custom op of test/native/ops with the compiler that also built the addon. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TENSORFLOW = `${ROOT}third_party/libtensorflow`;

/** y = scale · x. The file's content depends on `scale` and on `defines`, those of the source, alone. */
export function buildScaleOp(path: string, scale: number, ...defines: string[]): void {
  const definitions = [`SCALE=${scale}`, ...defines].map((each) => `-D${each}`);
  const flags = ['-std=c++17', '-O1', '-shared', '-fPIC', ...definitions];
  const source = `${ROOT}test/native/ops/scale_op.cc`;
  const link = [`-L${TENSORFLOW}/lib`, '-l:libtensorflow_framework.so.2'];
  execFileSync(process.env['CXX'] ?? 'c++', [
    ...flags,
    ...['-o', path, `-I${TENSORFLOW}/include`, source, ...link],
  ]);
}
