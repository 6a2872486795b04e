/** The platform of lookup tables: a table.pbtxt in a version's folder, and the files that it names. */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import { SavedModel } from '../native/saved-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { Platform, PlatformContext } from '../servables/platform.js';
import { servableIdText } from '../core/servable.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { readTableConfig } from './table-config.js';

/** About the files as they are: another attempt at them is no use. */
const PERMANENT: ReadonlySet<StatusCode> = new Set([
  StatusCode.INVALID_ARGUMENT,
  StatusCode.DATA_LOSS,
]);

export class TablePlatform implements Platform {
  readonly #log: Log;

  constructor({ log }: PlatformContext) {
    this.#log = log;
  }

  loaderFor(id: ServableId, path: string): Loader<InferenceModel> {
    return {
      load: (stop) => this.#load(id, path, stop),
      unload: (model) => model.unload(),
    };
  }

  async #load(id: ServableId, path: string, stop: AbortSignal): Promise<InferenceModel> {
    try {
      const config = await readTableConfig(path);
      const { model, table } = await SavedModel.loadTable({ ...id, path, config }, stop);
      this.#log.info(
        { servable: servableIdText(id), ...table },
        `a table of ${table.rows} rows was read`,
      );
      return model;
    } catch (error) {
      const { code, message, violations } = ServingError.from(error);
      const isPermanent = PERMANENT.has(code);
      throw new ServingError(code, message, violations, { cause: error, isPermanent });
    }
  }
}
