// @ts-check
/**
 * Hooks around models of floats `x` to floats `y`: `lengths` takes texts, and does with the first of them what it says,
 * well or not; `shifted` takes the place of the default signature.
 * @typedef {import('tensorgate/plugin').Plugin} Plugin
 * @typedef {import('tensorgate/plugin').HookRequest} HookRequest
 * @typedef {import('tensorgate/plugin').Outputs} Outputs
 * @typedef {import('tensorgate/plugin').Tensor} Tensor
 */
import { RequestError } from 'tensorgate/plugin';

const FLOATS = /** @type {const} */ ({ dtype: 'DT_FLOAT', shape: [-1] });
const TEXTS = /** @type {const} */ ({ dtype: 'DT_STRING', shape: [-1] });

/** @param {number[]} values */
const floats = (...values) =>
  /** @type {const} */ ({
    dtype: 'DT_FLOAT',
    shape: [values.length],
    data: Float32Array.from(values),
  });

/** @param {HookRequest} request @returns {Promise<Outputs>} */
async function lengths({ inputs, infer, signal, allocate }) {
  const texts = /** @type {readonly Uint8Array[]} */ (inputs['text']?.data);
  const [first = ''] = texts.map((text) => Buffer.from(text).toString());
  switch (first) {
    case 'throw':
      throw new Error('a bug in it');
    case 'refuse':
      throw new RequestError('FAILED_PRECONDITION', 'not today');
    case 'hang':
      for (;;);
    case 'wait':
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { score: floats() };
    case 'exit':
      return process.exit(3);
    case 'exit later':
      setImmediate(() => process.exit(3));
      break;
    case 'wrong':
      await infer({ x: /** @type {any} */ ({ dtype: 'DT_FLOAT', shape: [2], data: [1] }) });
      break;
    case 'unnamed':
      await infer({}, { signature: 'none' });
      break;
    case 'caught':
      return infer({ nothing: floats(1) }).then(
        () => ({ score: floats(0) }),
        (error) => ({ score: floats(error.status === 'INVALID_ARGUMENT' ? 1 : 2) }),
      );
    case 'uncaught':
      await infer({ nothing: floats(1) });
      break;
    case 'alone':
      return { score: floats(-1) };
    case 'large': {
      const x = allocate('DT_FLOAT', [100_000]);
      x.data.fill(2);
      const { y } = await infer({ x });
      return { score: /** @type {Tensor} */ (y) };
    }
    case 'late': {
      setTimeout(() => void infer({ x: floats(1) }).catch(() => {}), 50);
      return { score: floats(-2) };
    }
    default:
  }
  const x = allocate('DT_FLOAT', [texts.length]);
  texts.forEach((text, i) => (x.data[i] = text.length));
  const once = await infer({ x });
  if (first !== 'twice') return { score: /** @type {Tensor} */ (once['y']) };
  const twice = await infer({ x: /** @type {Tensor} */ (once['y']) }, { outputs: ['y'] });
  return { score: /** @type {Tensor} */ (twice['y']) };
}

/** @type {Plugin} */
export default {
  name: 'hooker',
  hooks: {
    lengths: {
      attach: ({ signatures }) => {
        const { inputs = {}, outputs = {} } = signatures['serving_default'] ?? {};
        const { y: score } = outputs;
        if (inputs['x']?.dtype !== 'DT_FLOAT' || score === undefined) {
          throw new Error('it takes no floats');
        }
        return {
          signatures: { lengths: { inputs: { text: TEXTS }, outputs: { score } } },
          run: lengths,
        };
      },
    },
    shifted: {
      attach: () => ({
        signatures: { serving_default: { inputs: { x: FLOATS }, outputs: { y: FLOATS } } },
        async run({ inputs, infer }) {
          const given = /** @type {Float32Array} */ (inputs['x']?.data);
          const { y } = await infer({ x: floats(...given.map((value) => value + 10)) });
          return { y: /** @type {Tensor} */ (y) };
        },
      }),
    },
    clash: {
      attach: () => ({
        signatures: { lengths: { inputs: { x: FLOATS }, outputs: { y: FLOATS } } },
        run: () => ({ y: floats() }),
      }),
    },
  },
};
