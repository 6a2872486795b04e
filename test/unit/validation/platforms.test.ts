/** What --validate_config finds in the versions of tables and pipelines. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readCommandLine } from '../../../src/config/flags.js';
import '../../../src/platforms.js';
import { findingText } from '../../../src/validation/finding.js';
import { validate } from '../../../src/validation/validate.js';

const MODEL = fileURLToPath(new URL('../../../../test/models/versions', import.meta.url));
const CPUS = 2;

interface Entry {
  readonly platform: string;
  readonly basePath?: string;
  readonly more?: string;
}

describe('validate, of tables and pipelines', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-validate-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };

  /** The lines of what is found where these are configured, by name, without the folder. */
  async function found(entries: Readonly<Record<string, Entry>>): Promise<string[]> {
    const configs = Object.entries(entries).map(
      ([name, { platform, basePath = join(folder, name), more = '' }]) =>
        `config { name: "${name}" base_path: "${basePath}" model_platform: "${platform}" ${more} }`,
    );
    put('models.config', `model_config_list { ${configs.join('\n')} }`);
    const argv = [`--model_config_file=${folder}/models.config`];
    argv.push('--allow_version_labels_for_unavailable_models');
    const line = readCommandLine(argv, CPUS);
    const findings = await validate(line, { cpus: CPUS, env: {}, hasModels: false });
    return findings.map((finding) => findingText(finding).replaceAll(`${folder}/`, ''));
  }

  const table: Entry = { platform: 'table' };
  const pipeline: Entry = { platform: 'pipeline' };
  const model: Entry = { platform: 'tensorflow', basePath: MODEL };

  const step = (name: string, more: string, from = 'x'): string =>
    `step { name: "${name}" input { to: "x" from: "${from}" } ${more} }\n`;
  const file = (...steps: string[]): string =>
    `input { name: "x" }\n${steps.join('')}output { name: "y" from: "a.y" }\n`;

  it('finds nothing wrong with what can be served', async () => {
    put('t/1/table.pbtxt', 'file: "t.csv" header_row: true output { column: "price" }');
    put('t/1/t.csv', 'key,price\na,1\n');
    const steps = [step('a', 'model: "m" version: 2', 'b.values'), step('b', 'model: "t"')];
    put('p/1/pipeline.pbtxt', file(...steps));
    assert.deepEqual(await found({ p: pipeline, t: table, m: model }), []);
  });

  it('says line and column of a text that cannot be read', async () => {
    put('t/1/table.pbtxt', 'file: "t.csv"\n  colour: "red"');
    put('p/1/pipeline.pbtxt', 'input { name: "x" }\nstep { name: 3 }');
    const [ofTable, ofPipeline, ...none] = await found({ t: table, p: pipeline });
    assert.match(
      ofTable ?? '',
      /^error: t\/1\/table\.pbtxt:2:9: colour: .*no field named "colour"/,
    );
    assert.match(ofPipeline ?? '', /^error: p\/1\/pipeline\.pbtxt:2:14: step\[0\]\.name: /);
    assert.deepEqual(none, []);
  });

  it('looks into the files of tables', async () => {
    put('t/1/table.pbtxt', 'file: "t.csv" header_row: true output { column: "price" }');
    put('t/1/t.csv', 'key,prize\na,1\n');
    put('u/1/table.pbtxt', 'file: "gone.npy" vocabulary_file: "words.txt"');
    put('v/1/table.pbtxt', 'file: "table.xml"');
    const lines = await found({ t: table, u: table, v: table });
    assert.deepEqual(lines.slice(0, 3), [
      'error: model t: t/1/t.csv: line 1: expected column "price", got "key", "prize"',
      'error: model u: u/1/gone.npy; No such file or directory',
      'error: model u: u/1/words.txt; No such file or directory',
    ]);
    assert.match(
      lines[3] ?? '',
      /^error: model v: v\/1\/table\.pbtxt: format: expected one of CSV,/,
    );
    assert.equal(lines.length, 4);
  });

  it('says which steps name what is not configured', async () => {
    const labels = 'version_labels { key: "stable" value: 1 }';
    const steps = [
      step('a', 'model: "m" label: "canary"', 'b.y'),
      step('b', 'model: "gone"', 'c.y'),
      step('c', 'model: "m" version: 7', 'd.y'),
      step('d', 'model: "wrong" label: "any"', 'e.y'),
      step('e', 'model: "m" label: "stable"', 'f.y'),
      step('f', 'model: "empty" version: 3'),
    ];
    put('p/1/pipeline.pbtxt', file(...steps));
    mkdirSync(join(folder, 'empty'));
    const wrong = { platform: 'tensorflow', more: 'batching_weight: -1' };
    const empty = { platform: 'tensorflow' };
    const lines = await found({ p: pipeline, m: { ...model, more: labels }, wrong, empty });
    const where = 'model p: p/1/pipeline.pbtxt:';
    assert.deepEqual(
      lines.filter((line) => line.includes(where)),
      [
        `error: ${where} step "b": model "gone" is not configured`,
        `error: ${where} step "a": model "m" has no label "canary", expected one of "stable"`,
        `warning: ${where} step "c": model "m" has no version 7 to be served, expected one of 2`,
      ],
    );
    assert.equal(lines.length, 5, lines.join('\n')); // that of `wrong`, and that `empty` is
  });

  it('says what runs in a circle, within a pipeline and by way of others', async () => {
    put('p/1/pipeline.pbtxt', file(step('a', 'model: "m"', 'b.y'), step('b', 'model: "m"', 'a.y')));
    put('q/1/pipeline.pbtxt', file(step('a', 'model: "r"')));
    put('r/1/pipeline.pbtxt', file(step('a', 'model: "m"', 'b.y'), step('b', 'model: "q"')));
    assert.deepEqual(await found({ p: pipeline, q: pipeline, r: pipeline, m: model }), [
      'error: model p: p/1/pipeline.pbtxt: the steps run in a circle: a -> b -> a',
      'error: model r: r/1/pipeline.pbtxt: step "b": the pipeline would run itself: r -> q -> r',
    ]);
  });
});
