/**
 * Where a text of the protobuf text format is wrong: line, column and path of the field. protobufjs
 * tells at most a line, so its parser is asked how many tokens it takes before it fails, and those
 * are walked along the message type. Runs on failure only.
 */
import protobuf from 'protobufjs';
import textFormat from 'protobufjs/ext/textformat.js';

import type { Violation } from '../status/serving-error.js';

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A message the text is inside of, and the field of it that is being read. */
interface Frame {
  readonly type: protobuf.Type | null;
  readonly counts: Map<string, number>;
  field: string | null;
  fieldStart: number;
  inList: boolean;
  /** Whether a value of `field` has been read; the next word then names a new one. */
  hasValue: boolean;
}

const SPACE_OR_COMMENT = /(?:[ \t\v\f\r\n]|#[^\n]*)*/y;
const TOKEN =
  /"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?|[{}<>[\]:,;-]|\.?[0-9](?:[eE][+-]?|[\w.])*|[^\s#"'{}<>[\]:,;-]+|[^]/y;
/** Blanks to JavaScript that no token may hold and the parser does not skip: it stops there. */
const STOPS = ['\u2028', '\u2029', '\u205f', '\u1680'];
const MAX_GIVEN_CHARS = 40;

/** `thrown` is what protobufjs threw on `text`. */
export function violationOf(
  type: protobuf.Type,
  text: string,
  file: string,
  thrown: unknown,
): Violation {
  const tokens = tokensOf(text);
  const wrong = firstWrong(type, text, tokens, messageOf(thrown));
  const { path, fieldStart, fields } = pathAt(type, tokens, wrong);
  const token = tokens[wrong];
  const what = reasonOf(messageOf(thrown), fields);
  const repeated = what.endsWith(': multiple values') && fieldStart !== null;
  const offset = repeated ? fieldStart : (token?.start ?? text.length);
  const given = repeated ? '' : `, given ${givenText(token)}`;
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - before.lastIndexOf('\n');
  return {
    field: `${file}:${line}:${column}`,
    description: `${path === '' ? '' : `${path}: `}${what}${given}`,
  };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let start = 0;
  for (;;) {
    SPACE_OR_COMMENT.lastIndex = start;
    start += SPACE_OR_COMMENT.exec(text)?.[0].length ?? 0;
    TOKEN.lastIndex = start;
    const match = TOKEN.exec(text);
    if (match === null) return tokens;
    const end = start + match[0].length;
    tokens.push({ text: match[0], start, end });
    start = end;
  }
}

/** The index of the token the parser fails at; `tokens.length` when it wants more than there is. */
function firstWrong(
  type: protobuf.Type,
  text: string,
  tokens: readonly Token[],
  message: string,
): number {
  const stop = STOPS.find((char) => !text.includes(char)) ?? '\u2028';
  const prefix = (count: number): string => text.slice(0, tokens[count - 1]?.end ?? 0);
  const takes = (count: number): boolean =>
    failureOf(type, `${prefix(count)} ${stop}`).startsWith(`illegal character '${stop}'`);
  let [taken, failing] = [0, tokens.length + 1];
  while (failing - taken > 1) {
    const middle = (taken + failing) >> 1;
    if (takes(middle)) taken = middle;
    else failing = middle;
  }
  // After a string the parser looks one token ahead before it judges the string.
  const judgedLate =
    isString(tokens[taken - 1]?.text ?? '') &&
    !message.startsWith('expected') &&
    failureOf(type, prefix(taken)) === message;
  return judgedLate ? taken - 1 : taken;
}

function failureOf(type: protobuf.Type, text: string): string {
  try {
    textFormat.fromText(type, text);
    return '';
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** The text of protobufjs' error without the line it may name. */
function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replace(/ \(line [0-9]+\)$/, '');
}

/** The field that tokens[index] belongs to, and which fields are known where it stands. */
function pathAt(
  type: protobuf.Type,
  tokens: readonly Token[],
  index: number,
): { path: string; fieldStart: number | null; fields: readonly string[] } {
  const frames = [frameOf(type)];
  for (const token of tokens.slice(0, index)) step(frames, token);
  const inside = frames.at(-1) as Frame;
  const token = tokens[index];
  if (token !== undefined && awaitsName(inside) && isWord(token.text)) beginField(inside, token);
  const named = frames.filter((frame) => frame.field !== null);
  return {
    path: named.map(segment).join('.'),
    fieldStart: named.at(-1)?.fieldStart ?? null,
    fields: inside.type?.fieldsArray.map((field) => field.name) ?? [],
  };
}

function frameOf(type: protobuf.Type | null): Frame {
  return { type, counts: new Map(), field: null, fieldStart: 0, inList: false, hasValue: false };
}

function step(frames: Frame[], token: Token): void {
  const frame = frames.at(-1) as Frame;
  switch (token.text) {
    case '{':
    case '<':
      frames.push(frameOf(typeOf(frame)));
      return;
    case '}':
    case '>':
      if (frames.length > 1) frames.pop();
      (frames.at(-1) as Frame).hasValue = true;
      return;
    case '[':
      if (awaitsName(frame)) beginField(frame, token);
      frame.inList = true;
      return;
    case ']':
      frame.inList = false;
      if (isBracketed(frame)) frame.field += ']';
      else frame.hasValue = true;
      return;
    case ',':
    case ';':
      if (!frame.inList) frame.hasValue = true;
      else if (frame.field !== null) count(frame, frame.field);
      return;
    case ':':
    case '-':
      return;
    default:
      if (isBracketed(frame)) frame.field += token.text;
      else if (awaitsName(frame) && isWord(token.text)) beginField(frame, token);
      else frame.hasValue = true;
  }
}

/** Inside `[type.googleapis.com/message]`, the name of an extension or of the type in an Any. */
function isBracketed(frame: Frame): boolean {
  return !frame.hasValue && frame.field !== null && /^\[[^\]]*$/.test(frame.field);
}

function awaitsName(frame: Frame): boolean {
  return !frame.inList && (frame.field === null || frame.hasValue);
}

function beginField(frame: Frame, token: Token): void {
  frame.field = token.text;
  frame.fieldStart = token.start;
  frame.hasValue = false;
  count(frame, token.text);
}

function count(frame: Frame, field: string): void {
  frame.counts.set(field, (frame.counts.get(field) ?? 0) + 1);
}

function segment({ type, field, counts }: Frame): string {
  const name = field ?? '';
  const declared = type?.fields[name];
  const indexed = declared !== undefined && (declared.repeated || declared.map);
  return indexed ? `${name}[${(counts.get(name) ?? 1) - 1}]` : name;
}

function typeOf(frame: Frame): protobuf.Type | null {
  const field = frame.field === null ? undefined : frame.type?.fields[frame.field];
  const type = field?.resolve().resolvedType;
  return field?.map !== true && type instanceof protobuf.Type ? type : null;
}

function isWord(text: string): boolean {
  return /^[^\s"'0-9.[\]{}<>:,;-]/.test(text);
}

function reasonOf(message: string, fields: readonly string[]): string {
  const reason = message.startsWith('.') ? message.slice(1) : message;
  const choose = reason.includes(': unknown field ') && fields.length > 0;
  return choose ? `${reason}, expected ${fields.join(', ')}` : reason;
}

function isString(text: string): boolean {
  return /^["']/.test(text);
}

/** Strings are not shown: one may be a private key. */
function givenText(token: Token | undefined): string {
  if (token === undefined) return 'the end of the text';
  const { text } = token;
  if (isString(text)) return 'a string';
  return text.length > MAX_GIVEN_CHARS ? `${text.slice(0, MAX_GIVEN_CHARS)}...` : text;
}
