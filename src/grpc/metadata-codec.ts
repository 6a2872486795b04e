/** GetModelMetadata's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import { readModelSpec } from '../native/requests.js';
import type { ModelMetadataService } from '../service/model-metadata.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { loadProtos } from '../protos/protos.js';

const SIGNATURE_DEF = 'signature_def';
const SIGNATURE_DEF_MAP = 'type.googleapis.com/tensorflow.serving.SignatureDefMap';

export class MetadataCodec {
  readonly #metadata: ModelMetadataService;
  readonly #request: protobuf.Type;
  readonly #response: protobuf.Type;

  constructor(metadata: ModelMetadataService) {
    this.#metadata = metadata;
    const root = loadProtos(['tensorflow_serving/apis/get_model_metadata.proto']);
    this.#request = root.lookupType('tensorflow.serving.GetModelMetadataRequest');
    this.#response = root.lookupType('tensorflow.serving.GetModelMetadataResponse');
  }

  /** A GetModelMetadataRequest to its response. @throws ServingError */
  getModelMetadata(request: Uint8Array): Uint8Array {
    const refuse = (message: string): never => {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
    };
    const spec = readModelSpec(request) ?? refuse('Missing ModelSpec');
    const fields = this.#fieldsOf(request);
    if (fields.length === 0) {
      refuse('GetModelMetadataRequest must specify at least one metadata_field');
    }
    const unknown = fields.find((field) => field !== SIGNATURE_DEF);
    if (unknown !== undefined) refuse(`Metadata field ${unknown} is not supported`);
    if (spec.name === '') refuse('ModelSpec has no name specified.');
    const { id, signatureDefMap } = this.#metadata.metadata(spec.name, spec);
    const message = this.#response.fromObject({
      model_spec: { name: id.name, version: { value: String(id.version) } },
      metadata: { [SIGNATURE_DEF]: { type_url: SIGNATURE_DEF_MAP, value: signatureDefMap } },
    });
    return this.#response.encode(message).finish();
  }

  #fieldsOf(request: Uint8Array): readonly string[] {
    try {
      const { metadata_field: fields } = this.#request.decode(request) as unknown as {
        metadata_field: readonly string[];
      };
      return fields;
    } catch (cause) {
      const message = 'The request is not a GetModelMetadataRequest';
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
    }
  }
}
