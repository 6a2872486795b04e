/** The package's public API: run SavedModels in-process, and the errors that may come back. */
export { SavedModel, allocateTensor } from './native/saved-model.js';
export type { NativeTensor, NativeLoadOptions } from './native/binding.js';
export { ServingError, StatusCode } from './status/serving-error.js';
