/** The package's public API: run SavedModels in-process, and the errors that may come back. */
export { SavedModel, allocateTensor } from './native/saved-model.js';
export type { NativeLoadOptions } from './native/binding.js';
export type { NativeTensor } from './native/values.js';
export { ServingError, StatusCode } from './status/serving-error.js';
