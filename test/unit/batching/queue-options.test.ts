import assert from 'node:assert/strict';

import {
  NO_PARAMETERS,
  queueOptions,
  type BatchingParameters,
} from '../../../src/batching/queue-options.js';
import { StatusCode } from '../../../src/status/serving-error.js';
import { refuses } from './puppet.js';

describe('queueOptions', () => {
  const of = (parameters: Partial<BatchingParameters>): ReturnType<typeof queueOptions> =>
    queueOptions({ ...NO_PARAMETERS, ...parameters });

  it("has upstream's defaults", () => {
    assert.deepEqual(of({}), {
      maxTaskRows: 1000,
      maxBatchRows: 1000,
      timeoutMillis: 0,
      maxBatches: 10,
      allowedRows: [],
      split: false,
    });
  });

  const cases: [string, Partial<BatchingParameters>, string][] = [
    ['max_batch_size 0', { maxBatchSize: 0 }, 'input_batch_size_limit must be positive; was 0'],
    [
      'a negative timeout',
      { batchTimeoutMicros: -1 },
      'batch_timeout_micros must be non-negative; was -1',
    ],
    [
      'no queue with splitting',
      { enableLargeBatchSplitting: true, maxEnqueuedBatches: 0 },
      'max_enqueued_batches must be positive; was 0',
    ],
    [
      'allowed sizes that end elsewhere',
      { maxBatchSize: 8, allowedBatchSizes: [2, 4] },
      'Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8',
    ],
    [
      'allowed sizes without a maximum',
      { allowedBatchSizes: [4] },
      'Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 1000',
    ],
    [
      'allowed sizes of an execution size',
      {
        enableLargeBatchSplitting: true,
        maxBatchSize: 8,
        maxExecutionBatchSize: 4,
        allowedBatchSizes: [2, 4],
      },
      'Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8',
    ],
  ];
  for (const [what, parameters, message] of cases) {
    it(`refuses ${what}`, () => {
      assert.throws(() => of(parameters), refuses(StatusCode.INVALID_ARGUMENT, message));
    });
  }

  it('refuses batches larger than the largest task', () => {
    assert.throws(
      () => of({ enableLargeBatchSplitting: true, maxBatchSize: 4, maxExecutionBatchSize: 8 }),
      /^INVALID_ARGUMENT: When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to max_execution_batch_size\./,
    );
  });

  it('takes no notice of an execution size without splitting', () => {
    assert.equal(of({ maxBatchSize: 4, maxExecutionBatchSize: 8 }).maxBatchRows, 4);
  });
});
