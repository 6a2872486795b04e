/**
 * Parses the protobuf text format by a message type, as protobuf's own parser does: the same texts are
 * taken, and what is wrong has the same words and the same place. (protobufjs' parser names at most a
 * line, in words of its own.)
 */
import protobuf from 'protobufjs';

import { TextFormatError, type TextFormatMistake } from './error.js';
import { floatValue, isNotDecimal, stringBytes, unsignedInteger } from './literals.js';
import { shapeOf, type FieldShape, type MessageShape } from './message-shape.js';
import { Tokenizer, type Token, type TokenKind } from './tokenizer.js';

/** A message as it is read: its fields by name, maps as lists of entries. */
type Draft = Record<string, unknown>;

const MAX_DEPTH = 100;
const ANY = 'google.protobuf.Any';
/** Where protobuf looks for the types of an Any that is written out. */
const TYPE_HOSTS = ['type.googleapis.com/', 'type.googleprod.com/'];
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Ends the parsing; the mistake has been noted. */
class Stop extends Error {}

/**
 * The message as a plain object with what the text sets: fields under their names in the .proto file, 64-bit
 * integers as bigints, enums by name (numbers without a name stay numbers), bytes as Buffers, maps as
 * objects with string keys. An Any that is written out is serialized.
 * @throws TextFormatError
 */
export function parseTextFormat(type: protobuf.Type, text: Uint8Array): Draft {
  return new Parser(type, text).parse();
}

class Parser {
  readonly #type: protobuf.Type;
  readonly #mistakes: TextFormatMistake[] = [];
  readonly #tokenizer: Tokenizer;
  readonly #path: string[] = [];
  #token: Token;
  #depth = 0;
  #hidesStrings = false;

  constructor(type: protobuf.Type, text: Uint8Array) {
    this.#type = type;
    this.#tokenizer = new Tokenizer(text, (line, column, message) => {
      this.#mistakes.push({ line, column, message, path: this.#path.join('.'), known: [] });
    });
    this.#token = this.#tokenizer.next();
  }

  parse(): Draft {
    const shape = shapeOf(this.#type);
    this.#hidesStrings = shape.isSecret;
    const draft: Draft = {};
    try {
      while (this.#token.kind !== 'end') this.#field(shape, draft);
    } catch (thrown) {
      if (!(thrown instanceof Stop)) throw thrown;
    }
    if (this.#mistakes.length > 0) throw new TextFormatError(shape.name, this.#mistakes);
    return finished(shape, draft);
  }

  #field(shape: MessageShape, draft: Draft): void {
    if (shape.name === ANY && this.#looksAt('[')) {
      this.#any(draft);
    } else if (this.#looksAt('[')) {
      const name = this.#bracketed(false);
      this.#fail(`Extension "${name}" is not defined or is not an extension of "${shape.name}".`);
    } else {
      this.#namedField(shape, draft);
    }
    if (!this.#take(';')) this.#take(',');
  }

  #namedField(shape: MessageShape, draft: Draft): void {
    const name = this.#identifier();
    const field = shape.field(name);
    this.#path.push(field?.isRepeated ? `${name}[${listOf(draft, name).length}]` : name);
    if (field === null) {
      if (!shape.isReserved(name)) {
        this.#fail(`Message type "${shape.name}" has no field named "${name}".`, shape.fields);
      }
      this.#skipValue();
    } else {
      this.#checkUnset(shape, draft, field);
      this.#value(field, draft);
    }
    this.#path.pop();
  }

  #checkUnset(shape: MessageShape, draft: Draft, field: FieldShape): void {
    const { name, oneof } = field;
    if (!field.isRepeated && isSet(field, draft)) {
      this.#fail(`Non-repeated field "${name}" is specified multiple times.`);
    }
    if (oneof === null) return;
    const other = shape.fields.find(
      (each) => Object.hasOwn(draft, each) && shape.field(each)?.oneof === oneof,
    );
    if (other === undefined) return;
    this.#fail(
      `Field "${name}" is specified along with field "${other}", another member of oneof "${oneof}".`,
    );
  }

  #value(field: FieldShape, draft: Draft): void {
    if (field.message === null) this.#consume(':');
    else this.#take(':');
    if (!field.isRepeated) {
      draft[field.name] = this.#single(field);
      return;
    }
    const list = listOf(draft, field.name);
    draft[field.name] = list;
    if (!this.#take('[')) {
      list.push(this.#single(field));
      return;
    }
    if (this.#take(']')) return;
    for (;;) {
      list.push(this.#single(field));
      if (this.#take(']')) return;
      this.#consume(',');
      this.#path.splice(-1, 1, `${field.name}[${list.length}]`);
    }
  }

  #single(field: FieldShape): unknown {
    if (field.message !== null) return this.#message(field.message());
    if (field.enumeration !== null) return this.#enumValue(field, field.enumeration);
    switch (field.scalar) {
      case 'bool':
        return this.#bool(field);
      case 'string':
        return this.#text(field);
      case 'bytes':
        return this.#bytes();
      case 'float':
      case 'double':
        return this.#float();
      default:
        return this.#integer(field.scalar);
    }
  }

  #message(shape: MessageShape): Draft {
    const end = this.#take('<') ? '>' : '}';
    if (end === '}') this.#consume('{');
    this.#descend();
    const hidesStrings = this.#hidesStrings;
    this.#hidesStrings ||= shape.isSecret;
    const draft: Draft = {};
    while (!this.#looksAt('>') && !this.#looksAt('}')) this.#field(shape, draft);
    this.#consume(end);
    this.#hidesStrings = hidesStrings;
    this.#depth -= 1;
    return finished(shape, draft);
  }

  /** `[type.googleapis.com/message] { ... }` */
  #any(draft: Draft): void {
    const url = this.#bracketed(true);
    this.#path.push(`[${url}]`);
    this.#take(':');
    const type = this.#typeAt(url);
    if (type === null) this.#fail(`Could not find type "${url}" stored in google.protobuf.Any.`);
    const value = this.#message(shapeOf(type));
    if (draft['type_url'] !== undefined || draft['value'] !== undefined) {
      this.#fail('Non-repeated Any specified multiple times.');
    }
    draft['type_url'] = url;
    draft['value'] = Buffer.from(type.encode(type.fromObject(value)).finish());
    this.#path.pop();
  }

  #typeAt(url: string): protobuf.Type | null {
    const slash = url.indexOf('/') + 1;
    if (!TYPE_HOSTS.includes(url.slice(0, slash))) return null;
    const found = this.#type.root.lookup(`.${url.slice(slash)}`);
    return found instanceof protobuf.Type ? found : null;
  }

  /** A name in brackets, of which a URL has a slash. */
  #bracketed(isUrl: boolean): string {
    this.#consume('[');
    let name = this.#dottedName();
    if (isUrl) {
      this.#consume('/');
      name += `/${this.#dottedName()}`;
    }
    this.#consume(']');
    return name;
  }

  #dottedName(): string {
    let name = this.#identifier();
    while (this.#take('.')) name += `.${this.#identifier()}`;
    return name;
  }

  #identifier(): string {
    const { kind, text } = this.#token;
    if (kind !== 'identifier') this.#fail(`Expected identifier, got: ${this.#shown()}`);
    this.#next();
    return text;
  }

  #bool({ name }: FieldShape): boolean {
    if (this.#is('integer')) return this.#unsigned(1n) === 1n;
    const word = this.#identifier();
    if (['true', 'True', 't'].includes(word)) return true;
    if (['false', 'False', 'f'].includes(word)) return false;
    this.#fail(`Invalid value for boolean field "${name}". Value: "${word}".`);
  }

  #enumValue({ name }: FieldShape, { values, valuesById }: protobuf.Enum): string | number {
    if (this.#is('identifier')) {
      const value = this.#identifier();
      if (Object.hasOwn(values, value)) return value;
      this.#fail(`Unknown enumeration value of "${value}" for field "${name}".`);
    }
    if (!this.#looksAt('-') && !this.#is('integer')) {
      this.#fail(`Expected integer or identifier, got: ${this.#shown()}`);
    }
    const value = Number(this.#signed(32n));
    return valuesById[value] ?? value;
  }

  #integer(type: string): number | bigint {
    const bits = type.endsWith('64') ? 64n : 32n;
    const isUnsigned = type.startsWith('u') || type.startsWith('fixed');
    const value = isUnsigned ? this.#unsigned((1n << bits) - 1n) : this.#signed(bits);
    return bits === 64n ? value : Number(value);
  }

  #signed(bits: bigint): bigint {
    const limit = 1n << (bits - 1n);
    return this.#take('-') ? -this.#unsigned(limit) : this.#unsigned(limit - 1n);
  }

  #unsigned(most: bigint): bigint {
    if (!this.#is('integer')) this.#fail(`Expected integer, got: ${this.#shown()}`);
    const { text } = this.#token;
    const value = unsignedInteger(text, most);
    if (value === null) this.#fail(`Integer out of range (${text})`);
    this.#next();
    return value;
  }

  #float(): number {
    const sign = this.#take('-') ? -1 : 1;
    return sign * this.#unsignedFloat();
  }

  #unsignedFloat(): number {
    const { kind, text } = this.#token;
    const word = kind === 'identifier' ? text.toLowerCase() : '';
    if (kind === 'integer' && isNotDecimal(text)) {
      this.#fail(`Expect a decimal number, got: ${text}`);
    }
    const isNumber = kind === 'integer' || kind === 'float';
    if (!isNumber && word !== 'inf' && word !== 'infinity' && word !== 'nan') {
      this.#fail(`Expected double, got: ${word === '' ? this.#shown() : word}`);
    }
    this.#next();
    if (isNumber) return floatValue(text);
    return word === 'nan' ? NaN : Infinity;
  }

  #text({ name }: FieldShape): string {
    const bytes = this.#bytes();
    try {
      return UTF8.decode(bytes);
    } catch {
      if (this.#mistakes.length > 0) return ''; // one of them has its reason
      // Protobuf's parser takes it, and then it is nobody's name or path.
      this.#fail(`String field "${name}" contains invalid UTF-8 data.`);
    }
  }

  #bytes(): Buffer {
    if (!this.#is('string')) this.#fail(`Expected string, got: ${this.#shown()}`);
    const parts: Buffer[] = [];
    while (this.#is('string')) {
      parts.push(stringBytes(this.#token.text));
      this.#next();
    }
    return Buffer.concat(parts);
  }

  /** The value of a field that there was once, and whose name is kept from use. */
  #skipValue(): void {
    if (this.#take(':') && !this.#looksAt('{') && !this.#looksAt('<')) this.#skipScalar();
    else this.#skipMessage();
  }

  #skipScalar(): void {
    this.#descend();
    if (this.#is('string')) {
      while (this.#is('string')) this.#next();
    } else if (this.#take('[')) {
      while (!this.#take(']')) {
        if (this.#looksAt('{') || this.#looksAt('<')) this.#skipMessage();
        else this.#skipScalar();
        if (!this.#looksAt(']')) this.#consume(',');
      }
    } else {
      this.#take('-');
      if (!this.#is('integer') && !this.#is('float') && !this.#is('identifier')) {
        this.#fail(`Cannot skip field value, unexpected token: ${this.#shown()}`);
      }
      this.#next();
    }
    this.#depth -= 1;
  }

  #skipMessage(): void {
    this.#descend();
    const end = this.#take('<') ? '>' : '}';
    if (end === '}') this.#consume('{');
    while (!this.#looksAt('>') && !this.#looksAt('}')) {
      if (this.#looksAt('[')) this.#bracketed(false);
      else this.#identifier();
      this.#skipValue();
      if (!this.#take(';')) this.#take(',');
    }
    this.#consume(end);
    this.#depth -= 1;
  }

  #descend(): void {
    this.#depth += 1;
    if (this.#depth <= MAX_DEPTH) return;
    this.#fail(
      `Message is too deep, the parser exceeded the configured recursion limit of ${MAX_DEPTH}.`,
    );
  }

  #is(kind: TokenKind): boolean {
    return this.#token.kind === kind;
  }

  #looksAt(text: string): boolean {
    return this.#token.text === text;
  }

  #take(text: string): boolean {
    if (!this.#looksAt(text)) return false;
    this.#next();
    return true;
  }

  #consume(text: string): void {
    if (!this.#take(text)) this.#fail(`Expected "${text}", found "${this.#shown()}".`);
  }

  #next(): void {
    this.#token = this.#tokenizer.next();
  }

  /** The token as it stands there, unless it may be a key. */
  #shown(): string {
    const { kind, text } = this.#token;
    if (kind === 'string' && this.#hidesStrings) return '"..."';
    return Buffer.from(text, 'latin1').toString();
  }

  /** At the token that is next, as protobuf has it: often the one after what is wrong. */
  #fail(message: string, known: readonly string[] = []): never {
    const { line, column } = this.#token;
    this.#mistakes.push({ line, column, message, path: this.#path.join('.'), known });
    throw new Stop();
  }
}

function listOf(draft: Draft, name: string): unknown[] {
  const list = Object.hasOwn(draft, name) ? draft[name] : undefined;
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** What has its default does not count, as in proto3, but for messages and members of a oneof. */
function isSet({ name, message, oneof, enumeration }: FieldShape, draft: Draft): boolean {
  if (!Object.hasOwn(draft, name)) return false;
  if (message !== null || oneof !== null) return true;
  const value = draft[name];
  if (Buffer.isBuffer(value)) return value.length > 0;
  if (enumeration !== null) return (enumeration.values[value as string] ?? value) !== 0;
  return value !== '' && value !== false && value !== 0 && value !== 0n;
}

/** With objects for maps. */
function finished(shape: MessageShape, draft: Draft): Draft {
  for (const name of Object.keys(draft)) {
    const field = shape.field(name);
    if (field?.isMap !== true || field.message === null) continue;
    const entry = field.message();
    const entries = listOf(draft, name) as Draft[];
    draft[name] = Object.fromEntries(
      entries.map(({ key, value }) => [
        String(key ?? zeroOf(entry.field('key'))),
        value ?? zeroOf(entry.field('value')),
      ]),
    );
  }
  return draft;
}

/** What an entry of a map has that the text leaves out. */
function zeroOf(field: FieldShape | null): unknown {
  if (field === null || field.message !== null) return {};
  if (field.enumeration !== null) return field.enumeration.valuesById[0] ?? 0;
  switch (field.scalar) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return Buffer.alloc(0);
    default:
      return field.scalar.endsWith('64') ? 0n : 0;
  }
}
