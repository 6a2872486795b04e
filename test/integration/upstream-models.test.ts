import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createLog } from '../../src/log/log.js';
import { ModelOpLibraries } from '../../src/servables/op-libraries.js';
import { OpenVinoLoader } from '../../src/servables/openvino-loader.js';
import { SavedModelLoader } from '../../src/servables/saved-model-loader.js';
import type { SavedModel } from '../../src/native/saved-model.js';
import { ServingError } from '../../src/status/serving-error.js';
import { openVinoLibrary } from '../wire/openvino.js';
import { nothingAlive, predictJson } from './models.js';

/** Upstream's own test models, beside the checkout where they are at hand. */
const BESIDE = fileURLToPath(new URL('../../../../shared/testdata/upstream', import.meta.url));
const ROOT = join(process.env['TENSORGATE_TESTDATA'] ?? BESIDE, 'tensorflow_serving');
const TESTDATA = join(ROOT, 'servables/tensorflow/testdata');

function loaderOf(path: string): SavedModelLoader {
  const configProto = new Uint8Array([7 << 3, 1]); // allow_soft_placement
  return new SavedModelLoader({ name: 'm', version: 123n }, path, {
    tags: ['serve'],
    configProto,
    runInCallerThread: true,
    checkMethodNames: false,
    warmup: { iterations: 1, synthetic: true, batchRows: [] }, // which must leave no trace in the answers below
    onWarmup: (_id, _path, warmup) => assert.equal(warmup.failure, null),
    memory: null,
    opLibraries: new ModelOpLibraries(false, createLog('silent')),
    plans: null,
  });
}

function liteLoaderOf(path: string, library: string): OpenVinoLoader {
  return new OpenVinoLoader({ name: 'm', version: 123n }, path, 'tflite', {
    library: () => Promise.resolve(library),
    warmup: { iterations: 1, synthetic: true, batchRows: [] },
    onWarmup: (_id, _path, warmup) => assert.equal(warmup.synthetic.run, 1),
    memory: null,
    log: createLog('silent'),
  });
}

if (!existsSync(ROOT)) {
  it('Upstream test models load and answer', function () {
    Object.assign(this.test ?? {}, { skipReason: `they are not at hand: no ${ROOT}` });
    this.skip();
  });
} else
  describe('Upstream test models', () => {
    afterEach(nothingAlive);

    for (const [name, body, answer] of [
      ['saved_model_half_plus_two_cpu', '{"instances": [[2.0]]}', '[[3.0]'],
      ['saved_model_half_plus_two_2_versions', '{"instances": [2.0, 4.0]}', '[3.0, 4.0'],
      ['saved_model_half_plus_two_tf2_cpu', '{"instances": [2.0]}', '[3.0'],
      ['saved_model_half_plus_three', '{"instances": [2.0]}', '[4.0'],
      ['saved_model_half_plus_two_gpu', '{"instances": [2.0]}', '[3.0'],
      ['saved_model_half_plus_two_mkl', '{"instances": [2.0]}', '[3.0'],
      ['saved_model_half_plus_two_mlmd', '{"instances": [2.0]}', '[3.0'],
      ['saved_model_half_plus_two_cpu_with_saved_model_config', '{"instances": [2.0]}', '[3.0'],
      [
        'saved_model_half_plus_two_cpu_with_empty_saved_model_config',
        '{"instances": [2.0]}',
        '[3.0',
      ],
    ] as const) {
      it(`loads ${name} and answers`, async () => {
        const model = await loaderOf(join(TESTDATA, name, '00000123')).load();
        const reply = await predictJson(model, body);
        assert.ok(reply.startsWith(`{\n    "predictions": ${answer}`), reply);
        await model.unload();
      });
    }

    describe('of TFLite', () => {
      const library = openVinoLibrary();
      for (const [name, body, answer] of [
        ['saved_model_half_plus_two_tflite', '{"instances": [[2.0]]}', '[[3.0]'],
        ['saved_model_half_plus_two_tflite', '{"instances": [2.0, 4.0]}', '[3.0, 4.0'],
        ['saved_model_half_plus_two_tflite_with_sigdef', '{"inputs": {"x": [2.0]}}', '[3.0'],
      ] as const) {
        it(`loads ${name} and answers ${body}`, async function () {
          if (library === null) {
            Object.assign(this.test ?? {}, { skipReason: 'OpenVINO cannot be had' });
            this.skip();
          }
          const model = await liteLoaderOf(join(TESTDATA, name, '00000123'), library).load();
          const numbers = (text: string): string => text.replace(/\s/g, '').replace(/,/g, ', ');
          assert.ok(numbers(await predictJson(model, body)).includes(answer));
          await model.unload();
        });
      }

      it('refuses parse_example_tflite, with the name of the op', async function () {
        if (library === null) {
          Object.assign(this.test ?? {}, { skipReason: 'OpenVINO cannot be had' });
          this.skip();
        }
        await assert.rejects(
          liteLoaderOf(join(TESTDATA, 'parse_example_tflite/00000123'), library).load(),
          /INVALID_ARGUMENT.*ParseExampleV2/,
        );
      });
    });

    it('loads matrix_half_plus_two and answers', async () => {
      const model = await loaderOf(join(ROOT, 'batching/testdata/matrix_half_plus_two/1')).load();
      const ones = '[[1, 1, 1], [1, 1, 1], [1, 1, 1]]';
      const reply = await predictJson(model, `{"instances": [${ones}]}`);
      const { predictions } = JSON.parse(reply) as { predictions: number[][][] };
      assert.deepEqual(predictions, [new Array(3).fill([2.5, 2.5, 2.5])]);
      await model.unload();
    });

    it('keeps the state of the counter model between calls', async () => {
      const model = await loaderOf(join(TESTDATA, 'saved_model_counter/00000123')).load();
      const output = async (signature: string, inputs = {}): Promise<number | undefined> => {
        const outputs = await model.run(signature, inputs);
        return new Float32Array(outputs['output']?.data as ArrayBuffer)[0];
      };
      assert.equal(await output('get_counter'), 0);
      assert.equal(await output('incr_counter'), 1);
      assert.equal(await output('reset_counter'), 0);
      assert.equal(await output('incr_counter'), 1);
      const delta = { dtype: 1, shape: [], data: new Float32Array([3]).buffer };
      assert.equal(await output('incr_counter_by', { delta }), 4);
      await model.unload();
    });

    for (const [name, path] of [
      ['bad_half_plus_two', join(TESTDATA, 'bad_half_plus_two/00000123')],
      ['the session bundle', join(ROOT, 'session_bundle/testdata/half_plus_two/00000123')],
    ] as const) {
      it(`refuses ${name}, an old format`, async () => {
        const loading: Promise<SavedModel> = loaderOf(path).load();
        await assert.rejects(loading, (error: unknown) => {
          assert.ok(error instanceof ServingError);
          assert.equal(String(error), 'UNIMPLEMENTED: Session Bundle is deprecated and removed.');
          return true;
        });
      });
    }
  });
