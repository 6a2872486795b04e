/**
 * What the parser of the text format asks about a message: protobufjs' reflection, with the entries of maps
 * as the messages that they are in the text.
 */
import protobuf from 'protobufjs';

export interface FieldShape {
  readonly name: string;
  /** Of a scalar, as the .proto file has it: `int32`, `string`. */
  readonly scalar: string;
  /** Null: it is no message. */
  readonly message: (() => MessageShape) | null;
  /** Null: it is no enum. */
  readonly enumeration: protobuf.Enum | null;
  readonly isRepeated: boolean;
  readonly isMap: boolean;
  /** Of which one member may be set; null: of none. */
  readonly oneof: string | null;
}

export interface MessageShape {
  readonly name: string;
  readonly fields: readonly string[];
  readonly field: (name: string) => FieldShape | null;
  readonly isReserved: (name: string) => boolean;
  /** One of its fields is marked `debug_redact`, a key perhaps: its strings are shown to nobody. */
  readonly isSecret: boolean;
}

export function shapeOf(type: protobuf.Type): MessageShape {
  return {
    name: nameOf(type),
    fields: type.fieldsArray.map(({ name }) => name),
    field: (name) => {
      const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
      return field === undefined ? null : fieldShape(type, field.resolve());
    },
    isReserved: (name) => type.isReservedName(name),
    isSecret: type.fieldsArray.some(({ options }) => options?.['debug_redact'] === true),
  };
}

/** Without protobufjs' leading dot. */
export function nameOf(type: protobuf.Type): string {
  return type.fullName.replace(/^\./, '');
}

function fieldShape(type: protobuf.Type, field: protobuf.Field): FieldShape {
  if (field instanceof protobuf.MapField) {
    const message = (): MessageShape => mapEntry(type, field);
    return { ...singular(field.name, '', null), message, isRepeated: true, isMap: true };
  }
  return {
    ...singular(field.name, field.type, field.resolvedType),
    isRepeated: field.repeated,
    oneof: field.partOf?.name ?? null,
  };
}

function singular(
  name: string,
  scalar: string,
  resolved: protobuf.Type | protobuf.Enum | null,
): FieldShape {
  return {
    name,
    scalar,
    message: resolved instanceof protobuf.Type ? () => shapeOf(resolved) : null,
    enumeration: resolved instanceof protobuf.Enum ? resolved : null,
    isRepeated: false,
    isMap: false,
    oneof: null,
  };
}

/** `version_labels` of ModelConfig has entries of the type ModelConfig.VersionLabelsEntry. */
function mapEntry(type: protobuf.Type, map: protobuf.MapField): MessageShape {
  const words = map.name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const key = singular('key', map.keyType, null);
  const value = singular('value', map.type, map.resolvedType);
  return {
    name: `${nameOf(type)}.${words.join('')}Entry`,
    fields: ['key', 'value'],
    field: (name) => (name === 'key' ? key : name === 'value' ? value : null),
    isReserved: () => false,
    isSecret: false,
  };
}
