/** The platforms of a server, by the names that `model_platform` has for them. Here alone they are listed. */
import { addPlatforms, TENSORFLOW } from './config/platform-names.js';
import { PIPELINE_FILE } from './pipeline/pipeline-config.js';
import { PipelinePlatform } from './pipeline/pipeline-platform.js';
import { PIPELINE, runOfRecipe } from './pipeline/pipeline-recipe.js';
import { openVinoPlatform } from './servables/openvino-platform.js';
import type { PlatformKind } from './servables/platform.js';
import { TensorFlowPlatform } from './servables/tensorflow-platform.js';
import { TABLE, TABLE_FILE } from './tables/table-config.js';
import { TablePlatform } from './tables/table-platform.js';

export const PLATFORMS: ReadonlyMap<string, PlatformKind> = new Map<string, PlatformKind>([
  [TENSORFLOW, { mainFile: null, create: (context) => new TensorFlowPlatform(context) }],
  ['tflite', openVinoPlatform('tflite')],
  ['onnx', openVinoPlatform('onnx')],
  [TABLE, { mainFile: TABLE_FILE, create: (context) => new TablePlatform(context) }],
  [
    PIPELINE,
    {
      mainFile: PIPELINE_FILE,
      create: (context) => new PipelinePlatform(context),
      replica: runOfRecipe,
    },
  ],
]);

addPlatforms([...PLATFORMS].map(([name, { mainFile }]) => [name, mainFile]));
