/** Section 18 of the checklist: TFLite. Each line has its evidence beside it. */
import { inFile, library, notYet, type Evidence } from './evidence.js';

const wire = inFile('test/wire/model-files.test.ts', 'a model of its own, run by OpenVINO');
const files = inFile('test/native/model_files_test.cc', 'files made for it');
const STRINGS = notYet('OpenVINO takes no tensors of strings');
const POOLS = library("pools of interpreters, of which OpenVINO's streams take the place");

export const TFLITE: Readonly<Record<string, Evidence>> = {
  BasicTest: wire('have the signatures of the file as metadata'),
  ResizeWithSameNumElementsTest: wire(
    'of TFLite take other shapes than the file says, as TFLite does',
  ),
  ModelFromLegacyConverterWithSigdef: inFile(
    'test/integration/upstream-models.test.ts',
    "upstream's own file",
  )('loads ${name} and answers ${body}'),
  'ProcessStrings, ProcessStringsFlex': STRINGS,
  'SimpleSignatureDef, SimpleSignatureDefAndRun': files(
    'HasTheSignaturesOfItsMetadataBeforeOthers',
  ),
  MultipleSignatureDef: files('HasSignaturesOfItsFirstGraph'),
  SignatureDefWithCommonTensorPrefix: files('HasTensorsWithNamesTypesAndShapes'),
  ThreadPoolOptions: library("an argument of upstream's C++ library"),
  'TestBatchParallelismForFloat, TestSetScheduler': POOLS,
  TestBatchParallelismForString: STRINGS,
  'the pool': POOLS,
};
