/**
 * The reflection service, v1 and v1alpha, whose messages are the same on the wire. The descriptors are
 * made for the first request: a server that nobody explores does without.
 */
import type protobuf from 'protobufjs';

import { StatusCode } from '../status/serving-error.js';
import { Descriptors } from './descriptors.js';
import { loadProtos } from '../protos/protos.js';
import { OpenStreams, type MessageStream, type StreamHandler } from './stream.js';

const V1 = 'grpc.reflection.v1';
const VERSIONS = [V1, 'grpc.reflection.v1alpha'];
export const REFLECTION_SERVICES = VERSIONS.map((version) => `${version}.ServerReflection`);

/** As decoded: the member of the oneof that is set, and `message_request`, which names it. */
interface Request {
  readonly host: string;
  readonly message_request?: string;
  readonly file_by_filename: string;
  readonly file_containing_symbol: string;
  readonly file_containing_extension: { readonly containing_type: string } | null;
  readonly all_extension_numbers_of_type: string;
}

export class ReflectionService {
  readonly #services: readonly string[];
  readonly #files: readonly string[];
  readonly #request: protobuf.Type;
  readonly #response: protobuf.Type;
  readonly #streams = new OpenStreams();
  #descriptors: Descriptors | null = null;

  /** The full names of what is served, and the files of protos/ that declare it. */
  constructor(services: readonly string[], files: readonly string[]) {
    const own = VERSIONS.map((version) => `${version.replaceAll('.', '/')}/reflection.proto`);
    this.#services = [...services, ...REFLECTION_SERVICES];
    this.#files = [...files, ...own];
    const root = loadProtos(own.slice(0, 1));
    this.#request = root.lookupType(`${V1}.ServerReflectionRequest`);
    this.#response = root.lookupType(`${V1}.ServerReflectionResponse`);
  }

  open(stream: MessageStream): StreamHandler {
    this.#streams.add(stream);
    return {
      message: (bytes) => {
        const request = this.#request.decode(bytes) as unknown as Request;
        stream.write(this.#answer(request));
      },
      halfClose: () => {
        stream.end();
      },
    };
  }

  close(): void {
    this.#streams.endAll();
  }

  #answer(request: Request): Buffer {
    const answer = this.#response.create({
      valid_host: request.host,
      original_request: request,
      ...this.#found(request),
    });
    return Buffer.from(this.#response.encode(answer).finish());
  }

  #found(request: Request): object {
    this.#descriptors ??= new Descriptors(loadProtos(this.#files));
    const descriptors = this.#descriptors;
    switch (request.message_request ?? '') {
      case 'list_services':
        return { list_services_response: { service: this.#services.map((name) => ({ name })) } };
      case 'file_by_filename':
        return fileOr('File not found.', descriptors.withImports(request.file_by_filename));
      case 'file_containing_symbol': {
        const file = descriptors.fileDeclaring(request.file_containing_symbol);
        return fileOr('Symbol not found.', file === null ? null : descriptors.withImports(file));
      }
      case 'file_containing_extension': {
        const type = request.file_containing_extension?.containing_type ?? '';
        const isKnown = descriptors.fileDeclaring(type) !== null;
        return notFound(isKnown ? 'Extension not found.' : 'Type not found.');
      }
      case 'all_extension_numbers_of_type': {
        const type = request.all_extension_numbers_of_type;
        if (descriptors.fileDeclaring(type) === null) return notFound('Type not found.');
        return { all_extension_numbers_response: { base_type_name: type, extension_number: [] } };
      }
      default:
        return failure(StatusCode.UNIMPLEMENTED, '');
    }
  }
}

function fileOr(message: string, files: readonly Uint8Array[] | null): object {
  if (files === null) return notFound(message);
  return { file_descriptor_response: { file_descriptor_proto: files } };
}

function notFound(message: string): object {
  return failure(StatusCode.NOT_FOUND, message);
}

function failure(code: number, message: string): object {
  return { error_response: { error_code: code, error_message: message } };
}
