/** GetModelMetadata's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import type { Caller } from '../access/caller.js';
import { readModelSpec } from '../native/requests.js';
import type { ModelMetadataService } from '../service/model-metadata.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { loadProtos } from '../protos/protos.js';

const SIGNATURE_DEF = 'signature_def';
const EXPECTED_FIELD = `expected ${SIGNATURE_DEF}`;
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
  getModelMetadata(request: Uint8Array, caller: Caller): Uint8Array {
    const refuse = (message: string, field: string, description: string): never => {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [{ field, description }]);
    };
    const spec =
      readModelSpec(request) ?? refuse('Missing ModelSpec', 'model_spec', 'expected one, got none');
    const fields = this.#fieldsOf(request);
    if (fields.length === 0) {
      const message = 'GetModelMetadataRequest must specify at least one metadata_field';
      refuse(message, 'metadata_field', EXPECTED_FIELD);
    }
    const unknown = fields.find((field) => field !== SIGNATURE_DEF);
    if (unknown !== undefined) {
      const field = `metadata_field[${fields.indexOf(unknown)}]`;
      refuse(`Metadata field ${unknown} is not supported`, field, EXPECTED_FIELD);
    }
    if (spec.name === '') {
      const message = 'ModelSpec has no name specified.';
      refuse(message, 'model_spec.name', 'expected the name of a model, got none');
    }
    const { id, signatureDefMap } = this.#metadata.metadata(spec.name, spec, caller);
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
