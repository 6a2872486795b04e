/** The values of the tokens of the protobuf text format, as its tokenizer took them. */

const ESCAPE = new RegExp(
  [
    String.raw`\\(?:(?<octal>[0-7]{1,3})`,
    String.raw`[xX](?<hex>[0-9A-Fa-f]{1,2})`,
    // Two that are one character of UTF-16.
    String.raw`(?:u|U0000)(?<head>[dD][89abAB][0-9A-Fa-f]{2})\\u(?<trail>[dD][c-fC-F][0-9A-Fa-f]{2})`,
    String.raw`u(?<short>[0-9A-Fa-f]{4})`,
    String.raw`U(?<long>[0-9A-Fa-f]{8})`,
    String.raw`(?<char>[^]))`,
  ].join('|'),
  'g',
);
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const LAST_CODE_POINT = 0x10ffff;

type EscapeGroups = Partial<
  Record<'octal' | 'hex' | 'head' | 'trail' | 'short' | 'long' | 'char', string>
>;

/** Of a string token. */
export function stringBytes(token: string): Buffer {
  const unescape = (escape: string, ...rest: readonly unknown[]): string => {
    const { octal, hex, head, trail, short, long, char } = rest.at(-1) as EscapeGroups;
    if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 0xff);
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    if (char !== undefined) return CONTROLS[char] ?? char;
    if (head !== undefined && trail !== undefined) {
      return utf8(String.fromCharCode(parseInt(head, 16), parseInt(trail, 16)));
    }
    const code = parseInt(short ?? long ?? '', 16);
    return code > LAST_CODE_POINT ? escape : utf8(String.fromCodePoint(code));
  };
  return Buffer.from(token.slice(1, -1).replace(ESCAPE, unescape), 'latin1');
}

/** One character for each byte, as the tokens have it. */
function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Of an integer token. Null: it is more than `most`, or no octal number. */
export function unsignedInteger(token: string, most: bigint): bigint | null {
  if (/^0[xX]$/.test(token)) return 0n;
  const isOctal = /^0[0-9]/.test(token);
  if (isOctal && /[89]/.test(token)) return null;
  const value = BigInt(isOctal ? `0o${token}` : token);
  return value > most ? null : value;
}

/** Of a float token, or of an integer token that is decimal. */
export function floatValue(token: string): number {
  return Number.parseFloat(token);
}

/** Whether an integer token is octal or hexadecimal, which no float may be. */
export function isNotDecimal(token: string): boolean {
  return /^0[0-9xX]/.test(token);
}
