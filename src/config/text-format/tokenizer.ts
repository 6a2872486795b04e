/**
 * The tokens of the protobuf text format. Reads as protobuf's tokenizer does, one token at a time: what is
 * no token is reported, at its place and in protobuf's words, and reading goes on.
 */

export type TokenKind = 'identifier' | 'integer' | 'float' | 'string' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the text, quotes included; one character for each byte. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

const TAB_WIDTH = 8;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

const SPACE = /[ \t\n\v\f\r]/;
const CONTROL = /[\0-\x1f]/;
const COMMENTED = /[^\n\0]/;
const LETTER = /[A-Za-z_]/;
const DIGIT = /[0-9]/;
const HEX_DIGIT = /[0-9A-Fa-f]/;
const ESCAPED = /[abfnrtv\\?'"0-7]/;

export class Tokenizer {
  readonly #text: string;
  readonly #onMistake: (line: number, column: number, message: string) => void;
  #at = 0;
  #line = 1;
  #column = 1;
  /** Where an identifier that was the last token ended. */
  #afterIdentifier = -1;

  constructor(
    text: Uint8Array,
    onMistake: (line: number, column: number, message: string) => void,
  ) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
    this.#onMistake = onMistake;
    // Editors put it there; protobuf stumbles over it.
    if (this.#text.startsWith(BYTE_ORDER_MARK)) this.#at = BYTE_ORDER_MARK.length;
  }

  next(): Token {
    for (;;) {
      this.#skip(SPACE);
      if (this.#take(/#/)) {
        this.#skip(COMMENTED);
      } else if (CONTROL.test(this.#char)) {
        this.#mistake('Invalid control characters encountered in text.');
        this.#skip(CONTROL);
      } else {
        return this.#token();
      }
    }
  }

  #token(): Token {
    const [start, line, column] = [this.#at, this.#line, this.#column];
    const kind = this.#consume(this.#char);
    this.#afterIdentifier = kind === 'identifier' ? this.#at : -1;
    return { kind, text: this.#text.slice(start, this.#at), line, column };
  }

  #consume(first: string): TokenKind {
    if (first === '') return 'end';
    if (LETTER.test(first)) {
      this.#skip(/\w/);
      return 'identifier';
    }
    if (DIGIT.test(first)) return this.#number();
    if (first === '.' && DIGIT.test(this.#text[this.#at + 1] ?? '')) {
      if (this.#at === this.#afterIdentifier) {
        this.#mistake('Need space between identifier and decimal point.');
      }
      return this.#number();
    }
    if (first === '"' || first === "'") {
      this.#advance();
      this.#string(first);
      return 'string';
    }
    if (first > '\x7f') this.#mistake(`Interpreting non ascii codepoint ${first.charCodeAt(0)}.`);
    this.#advance();
    return 'symbol';
  }

  #number(): TokenKind {
    const isFloat = this.#digits();
    if (LETTER.test(this.#char)) {
      this.#mistake('Need space between number and identifier.');
    } else if (this.#char === '.') {
      this.#mistake(
        isFloat
          ? "Already saw decimal point or exponent; can't have another one."
          : 'Hex and octal numbers must be integers.',
      );
    }
    return isFloat ? 'float' : 'integer';
  }

  /** True: they are those of a float. */
  #digits(): boolean {
    const startsWithZero = this.#take(/0/);
    if (startsWithZero && this.#take(/[xX]/)) {
      this.#skipSome(HEX_DIGIT, '"0x" must be followed by hex digits.');
      return false;
    }
    if (startsWithZero && DIGIT.test(this.#char)) {
      this.#skip(/[0-7]/);
      if (DIGIT.test(this.#char)) {
        this.#mistake('Numbers starting with leading zero must be in octal.');
        this.#skip(DIGIT);
      }
      return false;
    }
    this.#skip(DIGIT);
    let isFloat = this.#take(/\./);
    this.#skip(DIGIT);
    if (this.#take(/[eE]/)) {
      isFloat = true;
      this.#take(/[-+]/);
      this.#skipSome(DIGIT, '"e" must be followed by exponent.');
    }
    return this.#take(/[fF]/) || isFloat;
  }

  #string(quote: string): void {
    for (;;) {
      switch (this.#char) {
        case '':
        case '\0':
          return this.#mistake('Unexpected end of string.');
        case '\n':
          return this.#mistake('Multiline strings are not allowed. Did you miss a "?.');
        case '\\':
          this.#advance();
          this.#escape();
          break;
        case quote:
          return this.#advance();
        default:
          this.#advance();
      }
    }
  }

  #escape(): void {
    if (this.#take(ESCAPED)) return;
    if (this.#take(/[xX]/)) {
      if (!this.#take(HEX_DIGIT)) this.#mistake('Expected hex digits for escape sequence.');
    } else if (this.#take(/u/)) {
      if (!this.#takeAll([HEX_DIGIT, HEX_DIGIT, HEX_DIGIT, HEX_DIGIT])) {
        this.#mistake('Expected four hex digits for \\u escape sequence.');
      }
    } else if (this.#take(/U/)) {
      if (!this.#takeAll([/0/, /0/, /[01]/, ...Array<RegExp>(5).fill(HEX_DIGIT)])) {
        this.#mistake('Expected eight hex digits up to 10ffff for \\U escape sequence');
      }
    } else {
      this.#mistake('Invalid escape sequence in string literal.');
    }
  }

  /** '' at the end. */
  get #char(): string {
    return this.#text[this.#at] ?? '';
  }

  #advance(): void {
    if (this.#char === '\n') {
      this.#line += 1;
      this.#column = 1;
    } else if (this.#char === '\t') {
      this.#column += TAB_WIDTH - ((this.#column - 1) % TAB_WIDTH);
    } else {
      this.#column += 1;
    }
    this.#at += 1;
  }

  #take(chars: RegExp): boolean {
    if (!chars.test(this.#char)) return false;
    this.#advance();
    return true;
  }

  #takeAll(each: readonly RegExp[]): boolean {
    return each.every((chars) => this.#take(chars));
  }

  #skip(chars: RegExp): void {
    while (chars.test(this.#char)) this.#advance();
  }

  #skipSome(chars: RegExp, message: string): void {
    if (!chars.test(this.#char)) this.#mistake(message);
    this.#skip(chars);
  }

  #mistake(message: string): void {
    this.#onMistake(this.#line, this.#column, message);
  }
}
