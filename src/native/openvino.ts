/** Files of models that OpenVINO runs, as the addon takes them. */
import type { RowPolicy, SignatureRows } from './rows.js';
import type { NativeWarmup, NativeWarmupOptions } from './warmup.js';

export type ModelFormat = 'tflite' | 'onnx';

export interface NativeModelFileOptions {
  readonly name: string;
  readonly version: bigint;
  /** The version's folder, which may have a warm-up file. */
  readonly path: string;
  readonly file: string;
  readonly format: ModelFormat;
  /** Path of libopenvino_c.so; only that of the process's first load counts. */
  readonly library: string;
  /** Null: no warm-up. Sizes of batches are not heeded. */
  readonly warmup: NativeWarmupOptions | null;
  /** As NativeLoadOptions. */
  readonly rows: RowPolicy | null;
}

export interface NativeLoadedModelFile {
  /** Null when none was asked for; with a failure the other members are missing. */
  readonly warmup: NativeWarmup | null;
  readonly id: number;
  readonly signatureDefMap: Buffer;
  readonly signatures: readonly string[];
  /** Of each signature; null when it was not asked for. */
  readonly rows: readonly SignatureRows[] | null;
  /** Signatures of the file that are not served, each with why. */
  readonly leftOut: Readonly<Record<string, string>>;
  /** OpenVINO's version. */
  readonly library: string;
}

export interface NativeOpenVino {
  /** Answered with a NativeLoadedModelFile; stopLoad() ends it early. */
  loadModelFile(slot: number, options: NativeModelFileOptions): void;
}
