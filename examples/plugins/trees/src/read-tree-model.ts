/** A model file of either package: its first bytes say which. */
import { readLightgbmModel } from './lightgbm-model.js';
import { ModelFileError, Words } from './model-file-error.js';
import type { TreeModel } from './tree-model.js';
import { readXgboostJson, readXgboostUbjson } from './xgboost-model.js';

const JSON_START = /^\s*\{\s*["}]/;
const UBJSON_START = /^\{[iUIlL}]/;
const LIGHTGBM_START = /^tree\r?\n/;
const HEAD_BYTES = 64;

/** Reading takes up to ten times as much, which a process of Node.js has. */
export const MOST_FILE_BYTES = 256 << 20;

/** @throws ModelFileError that says what is wrong with the file; nothing else. */
export function readTreeModel(bytes: Uint8Array): TreeModel {
  if (bytes.length > MOST_FILE_BYTES) {
    throw new ModelFileError('file', `at most ${MOST_FILE_BYTES} bytes`, bytes.length);
  }
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1');
  try {
    if (JSON_START.test(head)) return readXgboostJson(bytes);
    if (UBJSON_START.test(head)) return readXgboostUbjson(bytes);
    if (LIGHTGBM_START.test(head)) return readLightgbmModel(bytes);
  } catch (error) {
    // V8's own limits: of a Map's size, an array's length.
    if (!(error instanceof RangeError)) throw error;
    throw new ModelFileError('file', 'less', new Words(error.message), { cause: error });
  }
  const expected = "XGBoost's JSON or UBJSON, or the text of LightGBM's save_model";
  throw new ModelFileError('file', expected, head);
}
