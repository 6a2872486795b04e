/**
 * Descriptors: the files of protos/ as google.protobuf.FileDescriptorProto, found by file name or by
 * what they declare. Imports are those that a file uses. Immutable once built; building it
 * blocks for some tens of milliseconds.
 */
import protobuf from 'protobufjs';
import type { IDescriptorProto, IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';

import { descriptorTypes } from '../protos/extensions.js';
import { protoFileName } from '../protos/protos.js';

interface File {
  readonly descriptor: IFileDescriptorProto;
  readonly imports: Set<string>;
}

/** protobufjs carries the well-known types without saying which file they are of. */
const WELL_KNOWN_FILES = ['any', 'wrappers'].map((name) => `google/protobuf/${name}.proto`);

export class Descriptors {
  readonly #files = new Map<string, File>();
  readonly #encoded = new Map<string, Uint8Array>();
  readonly #fileOf = new Map<string, string>();
  readonly #wellKnown = new Map<string, string>();

  constructor(root: protobuf.Root) {
    const { FileDescriptorProto } = descriptorTypes();
    for (const file of WELL_KNOWN_FILES) {
      const { nested } = protobuf.Root.fromJSON(protobuf.common.get(file) ?? {}).lookup(
        'google.protobuf',
      ) as protobuf.Namespace;
      for (const name of Object.keys(nested ?? {})) {
        this.#wellKnown.set(`google.protobuf.${name}`, file);
      }
    }
    this.#addPackage(root);
    for (const [name, { descriptor, imports }] of this.#files) {
      descriptor.dependency = [...imports];
      const message = FileDescriptorProto.fromObject(descriptor);
      this.#encoded.set(name, FileDescriptorProto.encode(message).finish());
    }
  }

  /** A fully qualified name of a message, field, enum, service or method. */
  fileDeclaring(symbol: string): string | null {
    return this.#fileOf.get(symbol) ?? null;
  }

  /** The file and all that it imports, itself first; null when there is none of this name. */
  withImports(file: string): readonly Uint8Array[] | null {
    if (!this.#files.has(file)) return null;
    const found = new Set([file]);
    for (const name of found) {
      for (const imported of this.#files.get(name)?.imports ?? []) found.add(imported);
    }
    return [...found].map((name) => this.#encoded.get(name) as Uint8Array);
  }

  #addPackage(space: protobuf.NamespaceBase): void {
    for (const object of space.nestedArray) {
      if (object instanceof protobuf.Type) {
        const file = this.#fileFor(object);
        file.descriptor.messageType?.push(this.#message(object, file));
      } else if (object instanceof protobuf.Enum) {
        this.#fileFor(object).descriptor.enumType?.push(object.toDescriptor());
        this.#declareEnum(object);
      } else if (object instanceof protobuf.Service) {
        const file = this.#fileFor(object);
        file.descriptor.service?.push(object.toDescriptor());
        for (const method of object.methodsArray) {
          this.#declare(method);
          this.#import(method.resolvedRequestType, file);
          this.#import(method.resolvedResponseType, file);
        }
      } else if (object instanceof protobuf.Namespace) {
        this.#addPackage(object);
      }
    }
  }

  /** protobufjs' descriptor with two things mended: absolute type names, and map entries' names. */
  #message(type: protobuf.Type, file: File): IDescriptorProto {
    this.#declare(type);
    const descriptor: IDescriptorProto = type.toDescriptor('proto3');
    const entries = (descriptor.nestedType ?? []).filter((nested) => nested.options?.mapEntry);
    type.fieldsArray.forEach((field, index) => {
      this.#declare(field);
      this.#import(field.resolvedType, file);
      const described = descriptor.field?.[index];
      const typeName = field.resolvedType?.fullName;
      if (field.map) {
        const entry = entries.shift();
        if (entry === undefined || !described) return;
        entry.name = `${camelCase(field.name)}Entry`;
        described.typeName = `${type.fullName}.${entry.name}`;
        const value = entry.field?.[1];
        if (typeName !== undefined && value) value.typeName = typeName;
      } else if (typeName !== undefined && described) {
        described.typeName = typeName;
      }
    });
    const kept = (descriptor.nestedType ?? []).filter((nested) => nested.options?.mapEntry);
    for (const nested of type.nestedArray) {
      if (nested instanceof protobuf.Type) kept.push(this.#message(nested, file));
      else if (nested instanceof protobuf.Enum) this.#declareEnum(nested);
    }
    descriptor.nestedType = kept;
    return descriptor;
  }

  #import(object: protobuf.ReflectionObject | null, into: File): void {
    if (object === null) return;
    let outermost = object;
    while (outermost.parent instanceof protobuf.Type) outermost = outermost.parent;
    const name = this.#nameOfFile(outermost);
    if (name !== into.descriptor.name) into.imports.add(name);
  }

  #fileFor(object: protobuf.ReflectionObject): File {
    const name = this.#nameOfFile(object);
    let file = this.#files.get(name);
    if (file === undefined) {
      const namespace = object.parent?.fullName.slice(1) ?? '';
      const descriptor = { name, package: namespace, syntax: 'proto3' };
      file = {
        descriptor: { ...descriptor, messageType: [], enumType: [], service: [] },
        imports: new Set(),
      };
      this.#files.set(name, file);
    }
    this.#declare(object);
    return file;
  }

  #nameOfFile(object: protobuf.ReflectionObject): string {
    const path = object.filename;
    if (path !== null) return protoFileName(path);
    const file = this.#wellKnown.get(object.fullName.slice(1));
    if (file === undefined) throw new Error(`no file is known for ${object.fullName}`);
    return file;
  }

  #declareEnum(object: protobuf.Enum): void {
    this.#declare(object);
    const scope = object.parent?.fullName ?? '';
    const file = this.#fileOf.get(object.fullName.slice(1)) as string;
    for (const value of Object.keys(object.values)) {
      this.#fileOf.set(`${scope}.${value}`.slice(1), file); // beside the enum, as in C++
    }
  }

  #declare(object: protobuf.ReflectionObject): void {
    let outermost = object;
    while (isInFile(outermost.parent)) outermost = outermost.parent;
    this.#fileOf.set(object.fullName.slice(1), this.#nameOfFile(outermost));
  }
}

function isInFile(
  parent: protobuf.ReflectionObject | null,
): parent is protobuf.Type | protobuf.Service {
  return parent instanceof protobuf.Type || parent instanceof protobuf.Service;
}

function camelCase(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
