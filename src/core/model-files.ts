/** The files that tell what kind of model a folder holds, by their names alone. Pure. */

const SAVED_MODEL: ReadonlySet<string> = new Set(['saved_model.pb', 'saved_model.pbtxt']);
/** What else lies in a SavedModel: such a folder may only lack its main file so far. */
const PARTS: ReadonlySet<string> = new Set([
  'variables',
  'assets',
  'assets.extra',
  'fingerprint.pb',
]);

/** Files that are a model by themselves, by the format, which is the platform's name too. */
export const MODEL_FILES = { tflite: 'model.tflite', onnx: 'model.onnx' } as const;

/**
 * Which file of a version's folder is served instead of a SavedModel: where there is none, or where TFLite is
 * preferred; null: a SavedModel.
 */
export function modelFileIn(
  names: readonly string[],
  preferTflite: boolean,
): keyof typeof MODEL_FILES | null {
  const hasTflite = names.includes(MODEL_FILES.tflite);
  if (hasTflite && preferTflite) return 'tflite';
  if (names.some((name) => SAVED_MODEL.has(name))) return null;
  if (hasTflite) return 'tflite';
  return names.includes(MODEL_FILES.onnx) ? 'onnx' : null;
}

/** What other programs save, by the end of the name, and how to get a SavedModel of it. */
const UNSERVED: readonly (readonly [ends: RegExp, what: string, advice: string])[] = [
  [/\.tflite$/i, 'a TFLite model', 'call it model.tflite'],
  [/\.onnx$/i, 'an ONNX model', 'call it model.onnx'],
  [
    /\.(keras|h5|hdf5)$/i,
    'a Keras file',
    'load it in Python and save it with model.export(FOLDER)',
  ],
  [/\.(pt|pth|safetensors|gguf)$/i, 'weights', 'only TensorFlow SavedModels are served'],
  [/\.pb(txt)?$/i, 'a graph without signatures', 'save it anew as a SavedModel'],
];

export function isSavedModelFile(name: string): boolean {
  return SAVED_MODEL.has(name);
}

/** Of the session bundles before SavedModel; refused at load, with upstream's text. */
export const SESSION_BUNDLE_FILE = 'export.meta';

/** `a TFLite model (m.tflite): TFLite is not served, …`; null where no name is that of a known format. */
export function unservedFormat(names: readonly string[]): string | null {
  if (names.some((name) => SAVED_MODEL.has(name) || PARTS.has(name))) return null;
  for (const [ends, what, advice] of UNSERVED) {
    const file = names.find((name) => ends.test(name));
    if (file !== undefined) return `${what} (${file}): ${advice}`;
  }
  return null;
}
