import assert from 'node:assert/strict';

import { onBehalfOf } from '../../../src/service/caller.js';
import { StatusCode } from '../../../src/status/serving-error.js';

/** Ends when the signal says so, with what it says. */
const forEver = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

describe('onBehalfOf', () => {
  it('gives what the work gives, and leaves nothing running', async () => {
    assert.equal(
      await onBehalfOf(
        60_000,
        () => false,
        () => Promise.resolve(7),
      ),
      7,
    );
    await assert.rejects(
      onBehalfOf(
        60_000,
        () => false,
        () => Promise.reject(new Error('no')),
      ),
      {
        message: 'no',
      },
    );
  });

  it('ends the work when the deadline has passed', async () => {
    await assert.rejects(
      onBehalfOf(1, () => false, forEver),
      {
        code: StatusCode.DEADLINE_EXCEEDED,
      },
    );
  });

  it('ends the work when the caller has gone, without a deadline too', async () => {
    await assert.rejects(
      onBehalfOf(0, () => true, forEver),
      { code: StatusCode.CANCELLED },
    );
  });
});
