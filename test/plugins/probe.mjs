// @ts-check
/**
 * The platform `probe`, whose servables do what a text of the request says, well or not. A folder with a file
 * `refused` is not loaded; one with `fragile` is loaded once.
 * @typedef {import('tensorgate/plugin').Plugin} Plugin
 * @typedef {import('tensorgate/plugin').RunRequest} RunRequest
 * @typedef {import('tensorgate/plugin').Outputs} Outputs
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { RequestError } from 'tensorgate/plugin';

/** @type {unknown[]} */
const leaked = [];

const FLOATS = /** @type {const} */ ({ dtype: 'DT_FLOAT', shape: [-1] });
const signatures = {
  serving_default: { inputs: { x: FLOATS }, outputs: { y: FLOATS } },
  texts: {
    inputs: { x: /** @type {const} */ ({ dtype: 'DT_STRING', shape: [-1] }) },
    outputs: { y: /** @type {const} */ ({ dtype: 'DT_STRING', shape: [-1] }) },
  },
  /** `what` says how to fail. */
  odd: {
    inputs: { what: /** @type {const} */ ({ dtype: 'DT_STRING', shape: [] }) },
    outputs: { y: FLOATS, z: FLOATS },
  },
};

/** @param {string} what @param {AbortSignal} signal @returns {any} */
function odd(what, signal) {
  const y = { dtype: 'DT_FLOAT', shape: [1], data: Float32Array.of(1) };
  switch (what) {
    case 'throw':
      throw new Error('a bug in it');
    case 'refuse':
      throw new RequestError('FAILED_PRECONDITION', 'not today');
    case 'hang':
      for (;;);
    case 'wait':
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ y, z: y }));
      });
    case 'exit':
      return process.exit(3);
    case 'later':
      setTimeout(() => {
        throw new Error('after its answer');
      });
      return new Promise(() => {});
    case 'leak':
      for (;;) leaked.push(Array.from({ length: 1000 }, (_, i) => `${i} of ${leaked.length}`));
    case 'name':
      return { y };
    case 'dtype':
      return { y: { ...y, dtype: 'DT_INT32', data: Int32Array.of(1) }, z: y };
    case 'shape':
      return { y: { ...y, shape: [1, 1] }, z: y };
    case 'length':
      return { y: { ...y, shape: [2] }, z: y };
    case 'data':
      return { y: { ...y, data: [1] }, z: y };
    default:
      return { y, z: y };
  }
}

/** @type {Plugin} */
export default {
  name: 'prober',
  platforms: {
    probe: {
      load(folder, { version }) {
        if (existsSync(join(folder, 'refused'))) throw new Error('it is not to be loaded');
        if (existsSync(join(folder, 'fragile'))) {
          rmSync(join(folder, 'fragile'));
          rmSync(join(folder, 'version.txt'));
        } else if (!existsSync(join(folder, 'version.txt'))) throw new Error('it was fragile');
        return {
          signatures,
          /** @param {RunRequest} request @returns {Outputs | Promise<Outputs>} */
          run({ signature, inputs, signal, allocate }) {
            const { x, what } = inputs;
            if (signature === 'texts') {
              const texts = /** @type {readonly Uint8Array[]} */ (x?.data);
              return { y: { dtype: 'DT_STRING', shape: [texts.length], data: texts } };
            }
            if (what !== undefined)
              return odd(Buffer.from(/** @type {any} */ (what.data)[0]).toString(), signal);
            const given = /** @type {Float32Array} */ (x?.data);
            const y = allocate('DT_FLOAT', [given.length]);
            for (let i = 0; i < given.length; ++i) {
              y.data[i] = /** @type {number} */ (given[i]) + 100 * Number(version);
            }
            return { y };
          },
        };
      },
    },
  },
};
