/** The platforms of a server, by the names that `model_platform` has for them. Here alone they are listed. */
import { addPlatformNames, TENSORFLOW } from './config/platform-names.js';
import type { PlatformFactory } from './servables/platform.js';
import { TensorFlowPlatform } from './servables/tensorflow-platform.js';

export const PLATFORMS: ReadonlyMap<string, PlatformFactory> = new Map<string, PlatformFactory>([
  [TENSORFLOW, (context) => new TensorFlowPlatform(context)],
]);

addPlatformNames(PLATFORMS.keys());
