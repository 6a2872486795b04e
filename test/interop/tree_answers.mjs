/**
 * What examples/plugins/trees answers to the rows of each FOLDER/NAME.expected.json, as JSON by name:
 *   node test/interop/tree_answers.mjs FOLDER
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const { readTreeModel } = await import('../../dist/examples/plugins/trees/src/read-tree-model.js');
const EXPECTED = '.expected.json';
const [folder] = process.argv.slice(2);

/** @type {Record<string, Record<string, number[]>>} */
const answers = {};
for (const file of readdirSync(folder).filter((each) => each.endsWith(EXPECTED))) {
  const expected = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const model = readTreeModel(readFileSync(join(folder, expected.model)));
  // null is a missing value, infinity a text.
  const values = expected.features.flat().map((each) => (each === null ? NaN : Number(each)));
  const { dtype } = model.signatures.serving_default.inputs.features;
  const features = {
    dtype,
    shape: [expected.features.length, model.features],
    values: dtype === 'DT_FLOAT' ? Float32Array.from(values) : Float64Array.from(values),
  };
  const answer = (/** @type {string} */ signature, /** @type {string} */ output) => [
    ...model.run(signature, { features })[output].values,
  ];
  answers[file.slice(0, -EXPECTED.length)] = {
    predictions: answer('serving_default', 'predictions'),
    margins: answer('margins', 'margins'),
    leaves: answer('leaves', 'leaves'),
  };
}
process.stdout.write(JSON.stringify(answers));
