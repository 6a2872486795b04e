/**
 * The conformance checklist: upstream's own tests by section and name. Each has a case in cases/, a test
 * elsewhere, or a reason why it waits. Sections 10 to 18 are in checklist-core.ts.
 */
import { CORE } from './checklist-core.js';

/** What a client can see. */
const API: Readonly<Record<string, readonly string[]>> = {
  '1 REST handler': [
    'kPathRegex',
    'UnsupportedApiCalls',
    'PredictModelNameVersionErrors',
    'PredictRequestErrors',
    'Predict',
    'Regress',
    'Classify',
    'GetStatus',
    'GetModelMetadata',
  ],
  '2 REST paths': ['TestParseModelInfoForGet', 'TestParseModelInfoForPost'],
  '3 JSON tensors': [
    'SingleUnnamedTensor',
    'DeeplyNestedWellFormed',
    'DeeplyNestedMalformed',
    'MixedInputForFloatTensor',
    'MixedInputForDoubleTensor',
    'FloatTensorWithPrecisionLoss',
    'FloatTensorThatExceedsMaxReturnsInf',
    'FloatTensorThatExceedsMinReturnsZero',
    'SingleUnnamedTensorWithSignature',
    'TensorFromNonNullTerminatedBuffer',
    'SingleUnnamedTensorBase64Scalars',
    'SingleUnnamedTensorBase64Lists',
    'SingleNamedTensorBase64',
    'MultipleNamedTensor',
    'SingleUnnamedTensorColumnarFormat',
    'MultipleNamedTensorColumnarFormat',
    'SingleUnnamedTensorErrors',
    'MultipleNamedTensorErrors',
    'FromJsonSingleTensor',
    'FromJsonSingleScalarTensor',
    'FromJsonSingleBytesTensor',
    'FromJsonSingleFloatTensorSixDigitPrecision',
    'FromJsonSingleFloatTensorNonFinite',
    'FromJsonSingleTensorErrors',
    'FromJsonMultipleNamedTensors',
    'FromJsonMultipleNamedTensorsErrors',
    'FromJsonMultipleZeroBatchTensorsErrors',
    'FromJsonSingleZeroBatchTensor',
    'FromJsonMultipleZeroBatchTensors',
    'RequestNoContext',
    'RequestWithContextAndSignature',
    'JsonErrors',
    'JsonFromClassificationResult',
    'JsonFromRegressionResult',
    'JsonFromRegressionResultWithNonFinite',
    'JsonFromResultErrors',
    'StatusOK',
    'StatusError',
  ],
  '4 HTTP layer': [
    'SimpleGETNotFound',
    'SimpleGETOK',
    'SimplePOST',
    'RequestUri',
    'RequestHeaders',
    'ResponseHeaders',
    'InvalidGzipPost',
    'DisableGzipPost',
    'ValidGzipPost',
    'LargeGzipPost',
    'GzipExceedingLimit',
    'AcceptingTerminating',
    'ActiveRequestCountInShutdown',
    'BasicListen',
    'ExactPathMatching',
    'RequestHandlerOverwriting',
    'SingleRequestDispather',
    'UriPrecedesOverRequestDispather',
    'InOrderRequestDispather',
    'RequestHandlerInteraction',
    'gzip streams',
  ],
  '5 Predict': [
    'MissingOrEmptyModelSpec',
    'EmptyInputList',
    'InputTensorsDontMatchModelSpecInputs',
    'PredictionInvalidTensor',
    'OutputFiltersDontMatchModelSpecOutputs',
    'InputTensorsHaveWrongType',
    'ModelMissingSignatures',
    'PredictionSuccess',
    'PredictionWithNamedRegressionSignature',
    'PredictionWithNamedClassificationSignature',
    'PredictionWithCustomizedSignatures',
    'ModelSpecOverride',
    'ThreadPoolOptions',
    'ThreadPoolFactory',
    'MethodNameCheck',
  ],
  '6 Classify': [
    'ExampleList',
    'ExampleListWithContext',
    'ExampleListWithContext_DuplicateFeatures',
    'ClassesOnly',
    'ScoresOnly',
    'ZeroScoresArePresent',
    'ValidNamedSignature',
    'InvalidNamedSignature',
    'MalformedScores',
    'MissingClassificationSignature',
    'EmptyInput',
    'EmptyExampleList',
    'EmptyExampleListWithContext',
    'RunsFails',
    'ClassesIncorrectTensorBatchSize',
    'ClassesIncorrectTensorType',
    'ScoresIncorrectTensorBatchSize',
    'ScoresIncorrectTensorType',
    'MismatchedNumberOfTensorClasses',
    'MethodNameCheck',
    'InvalidModelSpec',
    'InvalidSignature',
    'ClassificationSuccess',
    'ModelSpecOverride',
    'ThreadPoolOptions',
  ],
  '7 Regress': [
    'BasicExampleList',
    'BasicExampleListWithContext',
    'ValidNamedSignature',
    'InvalidNamedSignature',
    'MissingRegressionSignature',
    'MalformedOutputs',
    'EmptyInput',
    'EmptyExampleList',
    'EmptyExampleListWithContext',
    'RunsFails',
    'UnexpectedOutputTensorSize',
    'UnexpectedOutputTensorType',
    'MethodNameCheck',
    'InvalidModelSpec',
    'InvalidSignature',
    'RegressionSuccess',
    'ModelSpecOverride',
    'ThreadPoolOptions',
  ],
  '8 MultiInference': [
    'MissingInputTest',
    'UndefinedSignatureTest',
    'InconsistentModelSpecsInRequestTest',
    'EvaluateDuplicateSignaturesTest',
    'UsupportedSignatureTypeTest',
    'ValidSingleSignatureTest',
    'MultipleValidRegressSignaturesTest',
    'RegressAndClassifySignaturesTest',
    'ThreadPoolOptions',
    'ModelSpecOverride',
  ],
  '9 Metadata': [
    'EmptyOrInvalidMetadataFieldList',
    'MissingOrEmptyModelSpec',
    'ReturnsSignaturesForValidModel',
    'ModelSpecOverride',
  ],
  '9 Status': [
    'MissingOrEmptyModelSpecFailure',
    'InvalidModelNameFailure',
    'InvalidModelVersionFailure',
    'AllVersionsSuccess',
    'SingleVersionSuccess',
    'ModelSpecOverride',
  ],
};

/** Sections that wait as a whole, by name. */
const WAITING: Readonly<Record<string, string>> = {
  '19 HashMap': "the example servable of upstream's library",
};
const WHOLE = 'the whole section';

export const CHECKLIST: Readonly<Record<string, readonly string[]>> = {
  ...API,
  ...Object.fromEntries(Object.entries(CORE).map(([name, lines]) => [name, Object.keys(lines)])),
  ...Object.fromEntries(Object.keys(WAITING).map((name) => [name, [WHOLE]])),
};

interface Elsewhere {
  /** From the root of the repository; null where there is nothing to test. */
  readonly test: string | null;
  /** Of tests in it. */
  readonly titles?: readonly string[];
  readonly why: string;
}

const OVERRIDE: Elsewhere = { test: null, why: "an argument of upstream's C++ library" };
const POOLS: Elsewhere = { test: null, why: "an argument of upstream's C++ library" };
const HANDLERS: Elsewhere = { test: null, why: "upstream's HTTP library; routes are fixed here" };
const GZIP: Elsewhere = {
  test: 'test/wire/predict.test.ts',
  titles: ['inflates a gzip body, and takes a broken or oversized one as empty'],
  why: 'a body of 100 MiB',
};
const DRAIN: Elsewhere = {
  test: 'test/wire/lifecycle.test.ts',
  titles: ['finishes what is in flight on ${signal}, then exits with 0'],
  why: 'needs signals',
};

/** Lines of the core with evidence of some kind, as `section / line`. */
const core = Object.entries(CORE).flatMap(([section, lines]) =>
  Object.entries(lines).map(([line, evidence]) => [`${section} / ${line}`, evidence] as const),
);

/** What no request and answer can show. */
export const ELSEWHERE: Readonly<Record<string, Elsewhere>> = {
  ...Object.fromEntries(
    core.flatMap(([line, evidence]) =>
      typeof evidence === 'object' && 'test' in evidence ? [[line, evidence]] : [],
    ),
  ),
  '3 JSON tensors / JsonFromResultErrors': {
    test: 'test/native/example_json_test.cc',
    titles: ['RefusesToPrintNoResults'],
    why: 'an empty request is refused before, and results are as many as examples',
  },
  '4 HTTP layer / DisableGzipPost': { test: null, why: "an option of upstream's HTTP library" },
  '4 HTTP layer / LargeGzipPost': GZIP,
  '4 HTTP layer / GzipExceedingLimit': GZIP,
  '4 HTTP layer / AcceptingTerminating': DRAIN,
  '4 HTTP layer / ActiveRequestCountInShutdown': DRAIN,
  '4 HTTP layer / BasicListen': DRAIN,
  '4 HTTP layer / RequestHandlerOverwriting': HANDLERS,
  '4 HTTP layer / SingleRequestDispather': HANDLERS,
  '4 HTTP layer / InOrderRequestDispather': HANDLERS,
  '4 HTTP layer / RequestHandlerInteraction': HANDLERS,
  '5 Predict / ModelSpecOverride': OVERRIDE,
  '5 Predict / ThreadPoolOptions': POOLS,
  '5 Predict / ThreadPoolFactory': POOLS,
  '6 Classify / ModelSpecOverride': OVERRIDE,
  '6 Classify / ThreadPoolOptions': POOLS,
  '7 Regress / ModelSpecOverride': OVERRIDE,
  '7 Regress / ThreadPoolOptions': POOLS,
  '8 MultiInference / ModelSpecOverride': OVERRIDE,
  '8 MultiInference / ThreadPoolOptions': POOLS,
  '9 Metadata / ModelSpecOverride': OVERRIDE,
  '9 Status / ModelSpecOverride': OVERRIDE,
};

interface NotYet {
  readonly line: string;
  readonly what: string;
  readonly reason: string;
}

/** What the server does not do yet; a line may have cases for the rest of it. */
export const NOT_YET: readonly NotYet[] = [
  ...core.flatMap(([line, evidence]) =>
    typeof evidence === 'object' && 'notYet' in evidence
      ? [{ line, what: 'all of it', reason: evidence.notYet }]
      : [],
  ),
  ...Object.entries(WAITING).map(([section, reason]) => ({
    line: `${section} / ${WHOLE}`,
    what: 'all of it',
    reason,
  })),
];
