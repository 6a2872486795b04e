/** The REST reply to GET …/metadata, with upstream's white space. */
import type protobuf from 'protobufjs';

import type { ModelMetadata } from '../service/model-metadata.js';
import { protoJson } from './proto-json.js';

export class MetadataJson {
  readonly #modelSpec: protobuf.Type;
  readonly #signatureDefMap: protobuf.Type;

  /** `root` has the messages of get_model_metadata.proto. */
  constructor(root: protobuf.Root) {
    this.#modelSpec = root.lookupType('tensorflow.serving.ModelSpec');
    this.#signatureDefMap = root.lookupType('tensorflow.serving.SignatureDefMap');
  }

  text({ id, signatureDefMap }: ModelMetadata): string {
    const spec = this.#modelSpec.fromObject({
      name: id.name,
      version: { value: String(id.version) },
    });
    const signatures = protoJson(
      this.#signatureDefMap,
      this.#signatureDefMap.decode(signatureDefMap),
    );
    const specJson = protoJson(this.#modelSpec, spec);
    return `{\n"model_spec":${specJson},\n"metadata": {"signature_def": ${signatures}}\n}\n`;
  }
}
