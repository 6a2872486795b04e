/**
 * --tensorflow_onednn: whether TensorFlow computes by oneDNN what that can. Its own variable is read when its library
 * is loaded; left alone, TensorFlow does so on CPUs with AVX-512 alone, though convolutions gain with AVX2, too.
 */
import { readFileSync } from 'node:fs';

const VARIABLE = 'TF_ENABLE_ONEDNN_OPTS';

/** Flags of the first CPU, as Linux has them; empty where it does not tell. */
function cpuFlags(): ReadonlySet<string> {
  try {
    const [, flags = ''] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
    return new Set(flags.trim().split(/\s+/));
  } catch {
    return new Set();
  }
}

/** REQUIRES: TensorFlow is not loaded yet. A variable that is set has decided. */
export function chooseOneDnn(
  choice: 'auto' | 'on' | 'off',
  env: NodeJS.ProcessEnv,
  flags = cpuFlags(),
): void {
  if (env[VARIABLE] !== undefined) return;
  if (choice !== 'auto') env[VARIABLE] = choice === 'on' ? '1' : '0';
  else if (flags.has('avx2') && flags.has('fma') && !flags.has('avx512f')) env[VARIABLE] = '1';
}
