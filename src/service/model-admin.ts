/** Changes of what is served, free of any transport. */
import type { ModelConfig, ModelServerConfig } from '../config/model-config.js';
import type { ModelSet } from '../core/model-set.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export class ModelAdminService {
  readonly #models: ModelSet;

  constructor(models: ModelSet) {
    this.#models = models;
  }

  /** Null for a model that is not configured. */
  configOf(name: string): ModelConfig | null {
    return this.#models.of(name);
  }

  /** Replaces all models. @throws ServingError as ModelSet.reload */
  reload(config: ModelServerConfig): Promise<void> {
    if (config.kind !== 'models') {
      throw new ServingError(
        StatusCode.INVALID_ARGUMENT,
        'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ' +
          'ModelConfigList is currently supported',
      );
    }
    return this.#models.reload(config);
  }
}
