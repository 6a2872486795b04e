/** What is wrong with a text of the protobuf text format, in protobuf's own words and places. */

export interface TextFormatMistake {
  /** From 1. A column counts bytes, and a tab up to the next multiple of 8, as protobuf does. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What protobuf does not say: the field it is about, `config[1].name`; and the fields there are. */
  readonly path: string;
  readonly known: readonly string[];
}

export class TextFormatError extends Error {
  override readonly name = 'TextFormatError';
  /** In the order in which protobuf finds them; there is at least one. */
  readonly mistakes: readonly TextFormatMistake[];

  /** `typeName` of the message that the text should be. */
  constructor(typeName: string, mistakes: readonly TextFormatMistake[]) {
    super(
      mistakes
        .map(
          ({ line, column, message }) =>
            `Error parsing text-format ${typeName}: ${line}:${column}: ${message}`,
        )
        .join('\n'),
    );
    this.mistakes = mistakes;
  }
}
