/** LightGBM's model files, as its save_model writes them: gbdt, dart, goss and random forests. Computes in double. */
import { EnsembleBuilder } from './ensemble-builder.js';
import { lightgbmObjective } from './lightgbm-objectives.js';
import { averaged } from './links.js';
import { lightgbmSections, type Section } from './lightgbm-text.js';
import { lightgbmTree } from './lightgbm-trees.js';
import { ModelFileError, Words } from './model-file-error.js';
import { TreeModel, type Objective } from './tree-model.js';

const VERSIONS = ['v2', 'v3', 'v4'];
const MOST = 2 ** 31 - 2;

/** @throws ModelFileError that says what is wrong with the file. */
export function readLightgbmModel(bytes: Uint8Array): TreeModel {
  const sections = lightgbmSections(bytes);
  const header = sections.next().value as Section;
  const version = header.words('version').join(' ');
  if (!VERSIONS.includes(version)) {
    throw new ModelFileError('header version', `one of ${VERSIONS.join(', ')}`, version);
  }
  const features = header.count('max_feature_idx', MOST) + 1;
  const featureNames = header.words('feature_names');
  if (featureNames.length !== features) {
    const given = new Words(String(featureNames.length));
    throw new ModelFileError('header feature_names', `${features} names`, given);
  }
  const groups = header.count('num_tree_per_iteration', MOST);
  const words = header.has('objective') ? header.words('objective') : [];
  const objective = lightgbmObjective(words, groups);
  const builder = new EnsembleBuilder();
  for (const section of sections) {
    builder.add(lightgbmTree(section, { features, group: builder.trees % groups }));
  }
  checkTrees(header, builder.trees, groups);
  return new TreeModel({
    format: 'LightGBM',
    ensemble: builder.build(new Float64Array(groups), features, false),
    objective: header.has('average_output')
      ? averagedObjective(objective, Math.max(1, builder.trees / groups))
      : objective,
    features,
    featureNames,
    dtype: 'DT_DOUBLE',
  });
}

/** As many trees are there as the file says, and in each iteration one for each class. */
function checkTrees(header: Section, trees: number, groups: number): void {
  if (header.has('tree_sizes')) {
    const said = header.words('tree_sizes').length;
    if (said !== trees) {
      const expected = `${said} trees, as in tree_sizes`;
      throw new ModelFileError('file', expected, new Words(String(trees)));
    }
  }
  if (groups === 0 || groups > Math.max(1, trees) || trees % groups !== 0) {
    const expected = `what divides the number of trees, ${trees}`;
    throw new ModelFileError('header num_tree_per_iteration', expected, groups);
  }
}

/** A random forest's answers are of the mean of its iterations, its margins the sums all the same. */
function averagedObjective(objective: Objective, iterations: number): Objective {
  const { name, predictions, probabilities } = objective;
  return {
    name,
    predictions: averaged(predictions, iterations),
    probabilities: probabilities && averaged(probabilities, iterations),
  };
}
