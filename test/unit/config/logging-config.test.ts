/** Which logging_configs are taken, and what of them counts. */
import assert from 'node:assert/strict';

import { loggingOf, type LoggingMessage } from '../../../src/config/logging-config.js';
import { checkModels, plainOf, singleModel } from '../../../src/config/model-config.js';
import { StatusCode } from '../../../src/status/serving-error.js';

const withPrefix = (filename_prefix: string): LoggingMessage => ({
  log_collector_config: { filename_prefix },
});

describe('loggingOf', () => {
  it('is null where nothing is said', () => {
    assert.equal(loggingOf('m', undefined), null);
  });

  it('takes what is left out from the model', () => {
    const { samplingRate, filenamePrefix } = loggingOf('team/m', {}) ?? {};
    assert.deepEqual([samplingRate, filenamePrefix], [0, 'team%2Fm']);
  });

  it('takes a share and a prefix', () => {
    const message = {
      log_collector_config: { type: 'tfrecord', filename_prefix: 'a/b.c' },
      sampling_config: { sampling_rate: 0.25 },
    };
    assert.deepEqual(loggingOf('m', message), {
      samplingRate: 0.25,
      filenamePrefix: 'a/b.c',
      message,
    });
  });

  for (const prefix of ['/a', 'a/', 'a//b', '..', 'a/../b', './a', 'a/./b', 'a\0']) {
    it(`refuses the prefix ${JSON.stringify(prefix)}`, () => {
      assert.throws(() => loggingOf('m', withPrefix(prefix)), {
        code: StatusCode.INVALID_ARGUMENT,
        message: /^The logging_config of model m: log_collector_config.filename_prefix must be /,
      });
    });
  }

  for (const [what, message] of [
    ['sampling_rate must be 0 to 1, got -1', { sampling_config: { sampling_rate: -1 } }],
    ['sampling_rate must be 0 to 1, got NaN', { sampling_config: { sampling_rate: NaN } }],
    [
      'per_task_sampling_configs are not supported',
      { sampling_config: { per_task_sampling_configs: [{}] } },
    ],
    ['custom_logging_config is not supported', { custom_logging_config: {} }],
  ] as const) {
    it(`refuses it: ${what}`, () => {
      assert.throws(
        () => loggingOf('m', message),
        (error: Error) => error.message.endsWith(what),
      );
    });
  }
});

describe('models that are logged', () => {
  const logged = (name: string, prefix: string) => ({
    ...singleModel(name, '/m'),
    logging: loggingOf(name, withPrefix(prefix)),
  });

  it('have files of their own', () => {
    checkModels([logged('a', 'x'), logged('b', 'y')]);
    assert.throws(() => checkModels([logged('a', 'x'), logged('b', 'x')]), {
      message: 'Models a and b would both log to files of prefix x',
    });
    assert.throws(() => checkModels([logged('a', ''), logged('b', 'a')]), {
      message: 'Models a and b would both log to files of prefix a',
    });
  });

  it('are written back with it', () => {
    const plain = JSON.stringify(plainOf([logged('a', 'x')]));
    assert.match(plain, /"logging_config":\{"log_collector_config":\{"filename_prefix":"x"\}\}/);
  });
});
