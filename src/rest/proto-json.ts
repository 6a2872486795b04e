/**
 * Any message as proto3 JSON, by reflection: original field names in order of their numbers, defaults
 * printed, indented by one blank, a newline at the end. Written as the C++ library writes it, which
 * upstream uses. Of the well-known types only the wrappers are treated specially; map keys are texts.
 */
import protobuf from 'protobufjs';

import { SHORT_ESCAPES } from './json.js';

type Message = Readonly<Record<string, unknown>>;
type Element = protobuf.Type | protobuf.Enum | null;

const WRAPPER = /^\.google\.protobuf\.(?:Double|Float|U?Int(?:32|64)|Bool|String|Bytes)Value$/;
const INT64 = /^[su]?(?:int|fixed)64$/;
/** Significant digits: what surely survives being printed and read, and what suffices for any number. */
const FLOAT_DIGITS = [6, 9] as const;
const DOUBLE_DIGITS = [15, 17] as const;

/** REQUIRES: `message` is one of `type`, and `type` comes from a root that is resolved. */
export function protoJson(type: protobuf.Type, message: protobuf.Message): string {
  return `${messageJson(type, message as unknown as Message, '')}\n`;
}

function messageJson(type: protobuf.Type, message: Message, indent: string): string {
  if (WRAPPER.test(type.fullName)) {
    const { value } = type.fields as { value: protobuf.Field };
    return elementJson(value.type, null, message['value'], indent);
  }
  const members = [...type.fieldsArray]
    .sort((a, b) => a.id - b.id)
    .filter((field) => !hasPresence(field) || isSet(message, field))
    .map((field) => `"${field.name}": ${fieldJson(field, message[field.name], `${indent} `)}`);
  return block('{', members, '}', indent);
}

/** What is not set is then not printed. */
function hasPresence(field: protobuf.Field): boolean {
  if (field.map || field.repeated) return false;
  return field.partOf !== null || field.resolvedType instanceof protobuf.Type;
}

function isSet(message: Message, field: protobuf.Field): boolean {
  return Object.hasOwn(message, field.name) && message[field.name] !== null;
}

function fieldJson(field: protobuf.Field, value: unknown, indent: string): string {
  const element = field.resolvedType;
  const inner = `${indent} `;
  if (field.map) {
    const entries = value as Message;
    const members = Object.keys(entries)
      .sort()
      .map((key) => `${quoted(key)}: ${elementJson(field.type, element, entries[key], inner)}`);
    return block('{', members, '}', indent);
  }
  if (field.repeated) {
    const members = (value as readonly unknown[]).map((item) =>
      elementJson(field.type, element, item, inner),
    );
    return block('[', members, ']', indent);
  }
  return elementJson(field.type, element, value, indent);
}

function elementJson(type: string, resolved: Element, value: unknown, indent: string): string {
  if (resolved instanceof protobuf.Type) return messageJson(resolved, value as Message, indent);
  if (resolved !== null) {
    const name = resolved.valuesById[value as number];
    return name === undefined ? String(value) : `"${name}"`;
  }
  if (INT64.test(type)) return `"${String(value)}"`;
  switch (type) {
    case 'string':
      return quoted(value as string);
    case 'bytes':
      return `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    case 'float':
      return realJson(value as number, FLOAT_DIGITS, Math.fround);
    case 'double':
      return realJson(value as number, DOUBLE_DIGITS, Number);
    default:
      return String(value); // bool and the integers of 32 bits
  }
}

function block(open: string, members: readonly string[], close: string, indent: string): string {
  if (members.length === 0) return open + close;
  const separator = `\n${indent} `;
  return `${open}${separator}${members.join(`,${separator}`)}\n${indent}${close}`;
}

function realJson(
  value: number,
  [few, all]: readonly [number, number],
  round: (value: number) => number,
): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  const short = printf(value, few);
  return round(Number(short)) === value ? short : printf(value, all);
}

/** C's %.*g. */
function printf(value: number, precision: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [digits, exponent] = significant(Math.abs(value), precision);
  const kept = digits.replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= precision) {
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${pointed(kept, 1)}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${kept}`;
  return sign + pointed(kept.padEnd(exponent + 1, '0'), exponent + 1);
}

function pointed(digits: string, at: number): string {
  return digits.length > at ? `${digits.slice(0, at)}.${digits.slice(at)}` : digits;
}

/** The first digits and the power of ten of the first one; a tie goes to the even digit, as in C. */
function significant(magnitude: number, precision: number): [digits: string, exponent: number] {
  const exact = split(magnitude.toExponential(100));
  const cut = exact[0].slice(0, precision);
  const isTie = /^50*$/.test(exact[0].slice(precision));
  if (isTie && Number(cut.at(-1)) % 2 === 0) return [cut, exact[1]];
  return split(magnitude.toExponential(precision - 1));
}

function split(exponential: string): [digits: string, exponent: number] {
  const [mantissa = '', exponent = ''] = exponential.split('e');
  return [mantissa.replace('.', ''), Number(exponent)];
}

/** Besides JSON's own: what could end a script in a page, and characters that are not seen. */
const ESCAPED =
  /["\\<>\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0603\u06dd\u070f\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu;

/** Not json.ts' quoted: the C++ proto library escapes more, in lower-case hex. */
function quoted(text: string): string {
  const escaped = text.replace(ESCAPED, (char) => SHORT_ESCAPES.get(char) ?? unicode(char));
  return `"${escaped}"`;
}

function unicode(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
