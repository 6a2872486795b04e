/** Which model is served under which name; upstream's own ones stand in for ours where they are at hand. */
import { cpSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../../', import.meta.url);
const path = (relative: string): string => fileURLToPath(new URL(relative, root));

export const MODELS: Readonly<Record<string, string>> = {
  half_plus_two: path('test/models/half_plus_family'),
  own_inputs: path('test/models/own_inputs'),
  counter: path('test/models/counter'),
  examples: path('test/models/example_outputs'),
  identity: path('test/models/identity'),
  multi_io: path('test/models/multi_io'),
  four_kinds: path('test/models/four_kinds'),
  odd_outputs: path('test/models/odd_outputs'),
  no_signature: path('test/models/no_signature'),
  defaults: path('test/models/defaults'),
  versions: path('test/models/versions'),
  text_echo: path('examples/models/text_echo'),
};

const BESIDE = fileURLToPath(new URL('../shared/testdata/upstream', root));
export const TESTDATA = join(
  process.env['TENSORGATE_TESTDATA'] ?? BESIDE,
  'tensorflow_serving/servables/tensorflow/testdata',
);

/** Upstream's models that answer the cases of `half_plus_two`, with upstream's metadata of each. */
export const UPSTREAM_HALF_PLUS_TWO: Readonly<Record<string, string>> = {
  saved_model_half_plus_two_cpu: 'half_plus_two_model_metadata.json',
  saved_model_half_plus_two_2_versions: 'saved_model_half_plus_two_2_versions_metadata.json',
};

export const hasTestdata = existsSync(TESTDATA);

/** A base path with version 123 of upstream's model alone; the caller removes it. */
export function upstreamBasePath(name: string): string {
  const base = mkdtempSync(join(tmpdir(), 'tensorgate-conformance-'));
  cpSync(join(TESTDATA, name, '00000123'), join(base, '00000123'), { recursive: true });
  return base;
}
