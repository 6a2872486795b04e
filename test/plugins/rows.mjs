// @ts-check
/**
 * The platform `rows`, whose requests share runs: `y` is `x` and 100, `rows` how many there were in the run. A negative
 * `x` fails its run in its own way; 1000 has it wait a moment.
 * @typedef {import('tensorgate/plugin').Plugin} Plugin
 */
import { RequestError } from 'tensorgate/plugin';

const FLOATS = /** @type {const} */ ({ dtype: 'DT_FLOAT', shape: [-1] });
const PAIRS = /** @type {const} */ ({ dtype: 'DT_INT64', shape: [-1, -1] });
const TEXTS = /** @type {const} */ ({ dtype: 'DT_STRING', shape: [-1, 1] });
const ONE = /** @type {const} */ ({ dtype: 'DT_FLOAT', shape: [] });

/** @type {Plugin} */
export default {
  name: 'rower',
  platforms: {
    rows: {
      load: () => ({
        batching: { maxRows: 8 },
        signatures: {
          serving_default: { inputs: { x: FLOATS }, outputs: { y: FLOATS, rows: FLOATS } },
          many: { inputs: { pair: PAIRS, text: TEXTS }, outputs: { pair: PAIRS, text: TEXTS } },
          alone: { inputs: { x: ONE }, outputs: { y: ONE } },
        },
        async run({ signature, inputs, allocate, signal }) {
          const { pair, text, x } = inputs;
          if (signature === 'many') {
            return { pair: /** @type {any} */ (pair), text: /** @type {any} */ (text) };
          }
          if (signature === 'alone') return { y: /** @type {any} */ (x) };
          const values = [.../** @type {Float32Array} */ (x?.data)];
          if (values.includes(1000)) await new Promise((resolve) => setTimeout(resolve, 100));
          if (values.includes(2000)) {
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
          }
          if (values.includes(-1)) throw new RequestError('OUT_OF_RANGE', 'x is -1');
          const rows = values.includes(-2) ? values.length + 1 : values.length;
          const y = allocate('DT_FLOAT', [rows]);
          values.forEach((value, i) => (y.data[i] = value + 100));
          const count = new Float32Array(rows).fill(values.length);
          return { y, rows: { dtype: 'DT_FLOAT', shape: [rows], data: count } };
        },
      }),
    },
    careless: {
      load: () => ({
        batching: { maxRows: 0 },
        signatures: { serving_default: { inputs: { x: FLOATS }, outputs: { y: FLOATS } } },
        run: () => ({}),
      }),
    },
  },
};
