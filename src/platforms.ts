/** The platforms of a server, by the names that `model_platform` has for them. Here alone they are listed. */
import { addPlatforms, TENSORFLOW } from './config/platform-names.js';
import type { PlatformKind } from './servables/platform.js';
import { TensorFlowPlatform } from './servables/tensorflow-platform.js';
import { TABLE_FILE } from './tables/table-config.js';
import { TablePlatform } from './tables/table-platform.js';

export const PLATFORMS: ReadonlyMap<string, PlatformKind> = new Map<string, PlatformKind>([
  [TENSORFLOW, { mainFile: null, create: (context) => new TensorFlowPlatform(context) }],
  ['table', { mainFile: TABLE_FILE, create: (context) => new TablePlatform(context) }],
]);

addPlatforms([...PLATFORMS].map(([name, { mainFile }]) => [name, mainFile]));
