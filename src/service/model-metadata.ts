/** GetModelMetadata, free of any transport. */
import { AccessMethod, type Caller } from '../access/caller.js';
import type { ServableId } from '../core/servable.js';
import { resolve, type ModelCatalog, type VersionChoice } from './model-catalog.js';

export interface ModelMetadata {
  readonly id: ServableId;
  /** Serialized tensorflow.serving.SignatureDefMap, as the model has it. */
  readonly signatureDefMap: Uint8Array;
}

export class ModelMetadataService {
  readonly #catalog: ModelCatalog;

  constructor(catalog: ModelCatalog) {
    this.#catalog = catalog;
  }

  /** @throws ServingError NOT_FOUND, or INVALID_ARGUMENT for a label that is not assigned, and as Caller.admit */
  metadata(name: string, choice: VersionChoice, caller: Caller): ModelMetadata {
    caller.admit(AccessMethod.read, name).release();
    const handle = resolve(this.#catalog, name, choice);
    const { id, servable } = handle;
    handle.release();
    return { id, signatureDefMap: servable.signatureDefMap };
  }
}
