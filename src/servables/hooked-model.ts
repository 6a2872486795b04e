/**
 * HookedModel: a version with further signatures beside its own, which somebody else runs, around the version or
 * in place of it. A request goes the way of the signature that it names; what is no Predict is the version's own.
 */
import type { DeclaredModel } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import { jsonSignatureName, protoSignatureName } from '../native/requests.js';
import { Method } from '../native/values.js';
import { ServingError } from '../status/serving-error.js';

const DEFAULT_SIGNATURE = 'serving_default';

export class HookedModel implements InferenceModel {
  readonly own: InferenceModel;
  /** Its signatures take the place of the version's of the same name. */
  readonly further: DeclaredModel;
  readonly signatureDefMap: Uint8Array;
  readonly #names: ReadonlySet<string>;

  constructor(own: InferenceModel, further: DeclaredModel) {
    this.own = own;
    this.further = further;
    // Of a map's entries with one key the last counts.
    this.signatureDefMap = Buffer.concat([own.signatureDefMap, further.signatureDefMap]);
    this.#names = new Set(further.signatures);
  }

  inferProto(...call: Parameters<InferenceModel['inferProto']>): void {
    const [method, body] = call;
    const isOwn = method !== Method.predict || !this.#isFurther(protoSignatureName(body));
    (isOwn ? this.own : this.further).inferProto(...call);
  }

  inferJson(...call: Parameters<InferenceModel['inferJson']>): void {
    const [method, body, , done] = call;
    if (method !== Method.predict) {
      this.own.inferJson(...call);
      return;
    }
    jsonSignatureName(body, (name) => {
      try {
        this.#of(name).inferJson(...call);
      } catch (thrown) {
        done(ServingError.from(thrown), null); // its caller may have gone on
      }
    });
  }

  inferTensors(...call: Parameters<InferenceModel['inferTensors']>): void {
    this.#of(call[0].signature).inferTensors(...call);
  }

  inferShadow(...call: Parameters<InferenceModel['inferShadow']>): void {
    const [{ method, isJson, body }] = call;
    if (method !== Method.predict) this.own.inferShadow(...call);
    else if (isJson) jsonSignatureName(body, (name) => this.#of(name).inferShadow(...call));
    else this.#of(protoSignatureName(body as Uint8Array)).inferShadow(...call);
  }

  async unload(): Promise<void> {
    await this.further.unload();
    await this.own.unload();
  }

  #of(signature: string): InferenceModel {
    return this.#isFurther(signature) ? this.further : this.own;
  }

  #isFurther(signature: string): boolean {
    return this.#names.has(signature === '' ? DEFAULT_SIGNATURE : signature);
  }
}
