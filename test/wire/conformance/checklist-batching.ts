/** Section 13 of the checklist: batching. Each line has its evidence beside it. */
import { inFile, library, type Evidence } from './evidence.js';

const wire = inFile(
  'test/wire/batching-parameters.test.ts',
  'needs requests that wait for each other',
);
const refusals = inFile('test/server/refusals.test.ts', 'needs a start');
const queue = inFile('test/unit/batching/tuned-queue.test.ts', 'needs a clock that stands still');
const options = inFile('test/unit/batching/queue-options.test.ts', 'no single request shows it');
const native = inFile('test/native/runtime/batch_run_test.cc', 'no single request shows it');
const keys = inFile('test/native/runtime/batch_keys_test.cc', 'no single request shows it');
const rows = inFile('test/native/runtime/batch_tensor_test.cc', 'no single request shows it');

export const BATCHING: Readonly<Record<string, Evidence>> = {
  TensorSignatureFromSignatureDefs: keys('TellModelsFeedsAndFetchesApart'),
  Basic: wire('runs requests of both transports together, and answers each with its rows'),
  BatchingWithPadding: wire('pads inputs of variable length where that is asked for'),
  BatchingWithLargeBatch: wire(
    'splits a large request over several batches',
    'refuses ${what}, in the words of upstream',
  ),
  BatchHandlesSplitError: wire('runs requests of unequal shape apart'),
  BatchingLazySplit: queue('fills the open batch first, then makes batches of the execution size'),
  'BatchingWithPaddingAndCost, BatchingWithCost': library(
    "costs, which upstream's server leaves out",
  ),
  // Better than upstream's error for both.
  UnequalTensorShapesWithPaddingTurnedOff: wire('runs requests of unequal shape apart'),
  SingletonBatch: queue(
    'runs what one turn of the event loop brings together, at once with a timeout of 0',
  ),
  RequestThatDoesntMatchSignatureGetsRunAnyway: native('RunsWhatDoesNotMatchTheFirstAlone'),
  RequestWithIncompatibleInputTensorSizes: wire('refuses ${what}, in the words of upstream'),
  AllowedBatchSizesNoPaddingNeeded: queue('pads up to the first allowed size'),
  AllowedBatchSizesRequirePadding: wire('pads batches up to an allowed size'),
  UnsortedAllowedBatchSizes: queue(
    'takes allowed sizes that do not increase in the order they have',
  ),
  FinalAllowedBatchSizeLargerThanMaxBatchSizeRejected: options('refuses ${what}'),
  DifferentOrderForInputAndOutputTensors: native('MergesFetchesOfAnotherOrder'),
  MultipleSignatures: keys('TellModelsFeedsAndFetchesApart'),
  EnqueuedLongerThanTimeout: queue('drops late tasks when it forms the batch, and runs the others'),
  ThreadPoolOptions: library("an argument of upstream's C++ library"),
  SubsetOutputTensors: keys('TellModelsFeedsAndFetchesApart'),
  'CalculateMaxDimSizes, AddPadding': rows('PadsTheRowsOfEveryRankAtTheEndsOfTheirDimensions'),
  AddPaddingTensorWithUnsupportedRank: native('RefusesThatAloneWhichCannotBePadded'),
  WrapSessionForBatchingConfigError: refusals('fails the load on ${what}'),
  GetPerModelBatchingParams: wire(
    'batches by the file of the version, not by the global one',
    'does not batch a version without a file',
  ),
};
