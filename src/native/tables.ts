/** Lookup tables, as the addon takes them. */
/** As binding/table/table_config.h; dtypes by their numbers, 0 where nothing is set. */
export interface NativeTableConfig {
  readonly format: number;
  readonly file: string;
  readonly vocabularyFile: string;
  readonly headerRow: boolean;
  readonly key: { readonly name: string; readonly column: string; readonly dtype: number };
  readonly outputs: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly dtype: number;
    readonly defaultValue: readonly string[];
    readonly rowNumber: boolean;
  }[];
  readonly duplicateKeys: number;
  readonly numOovBuckets: number;
  readonly memoryMap: boolean;
}

export interface NativeTableLoadOptions {
  readonly name: string;
  readonly version: bigint;
  readonly path: string;
  readonly config: NativeTableConfig;
}

/** UNITS: bytes, of the process's own memory and of pages of files. */
export interface NativeLoadedTable {
  readonly id: number;
  readonly signatureDefMap: Buffer;
  readonly signatures: readonly string[];
  readonly rows: number;
  readonly ownBytes: number;
  readonly fileBytes: number;
}

export interface NativeTables {
  /** Answered with a NativeLoadedTable; stopLoad() ends it early. */
  loadTable(slot: number, options: NativeTableLoadOptions): void;
}
