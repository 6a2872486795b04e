/**
 * ModelList: the reply to GET /v1/models, which upstream does not have. Where all may see all, its text is kept until a model
 * changes, so that asking for it again costs no more than sending it, however many models there are.
 */
import { ANYBODY, EVERYBODY, type Caller } from '../access/caller.js';
import type { ModelStatusService, ModelVersions } from '../service/model-status.js';
import { quoted, versionsJson } from './json.js';

export class ModelList {
  readonly #modelStatus: ModelStatusService;
  #revision = -1;
  #text: Uint8Array = new Uint8Array();

  constructor(modelStatus: ModelStatusService) {
    this.#modelStatus = modelStatus;
  }

  /** OWNERSHIP: shared by all that ask; not to be written to. */
  text(caller: Caller): Uint8Array {
    if (caller !== ANYBODY && caller !== EVERYBODY)
      return Buffer.from(modelListJson(this.#modelStatus.all(caller)));
    const { revision } = this.#modelStatus;
    if (revision !== this.#revision) {
      this.#text = Buffer.from(modelListJson(this.#modelStatus.all(caller)));
      this.#revision = revision;
    }
    return this.#text;
  }
}

/** Indented like model status, which each entry has inside. */
export function modelListJson(models: readonly ModelVersions[]): string {
  if (models.length === 0) return '{\n "models": []\n}\n';
  const entries = models.map(
    ({ name, versions }) =>
      `  {\n   "name": ${quoted(name)},\n   ${versionsJson(versions, '   ')}\n  }`,
  );
  return `{\n "models": [\n${entries.join(',\n')}\n ]\n}\n`;
}
