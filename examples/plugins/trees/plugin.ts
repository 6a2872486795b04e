/**
 * The platform `trees`: a version's folder holds one model file of XGBoost (.json, .ubj) or LightGBM (.txt).
 *   --plugins=dist/examples/plugins/trees/plugin.js
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { definePlugin, type Outputs, type Servable, type Tensor } from 'tensorgate/plugin';

import { ModelFileError } from './src/model-file-error.js';
import { readTreeModel } from './src/read-tree-model.js';
import type { Tensor as TreeTensor, TreeModel } from './src/tree-model.js';

const MODEL_FILE = /\.(?:json|ubj|txt)$/;

async function load(folder: string): Promise<Servable> {
  const files = (await readdir(folder)).filter((name) => MODEL_FILE.test(name));
  const [file] = files;
  if (file === undefined || files.length > 1) {
    const given = files.join(', ') || 'none';
    throw new ModelFileError(folder, 'one file *.json, *.ubj or *.txt', given);
  }
  return servableOf(readTreeModel(await readFile(join(folder, file))));
}

function servableOf(model: TreeModel): Servable {
  return {
    signatures: model.signatures,
    run({ signature, inputs }): Outputs {
      const features = treeTensor(inputs['features'] as Tensor);
      const answers = Object.entries(model.run(signature, { features }));
      return Object.fromEntries(
        answers.map(([alias, { values, ...tensor }]) => [alias, { ...tensor, data: values }]),
      ) as Outputs;
    },
  };
}

/** The server has compared it with the signature. */
function treeTensor({ dtype, shape, data }: Tensor): TreeTensor {
  return { dtype, shape, values: data } as TreeTensor;
}

export default definePlugin({ name: 'trees', platforms: { trees: { load } } });
