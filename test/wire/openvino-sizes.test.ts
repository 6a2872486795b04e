/** SavedModels that OpenVINO runs, asked for in ever other numbers of rows: which it still runs. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { BatchingServer } from './batching-server.js';
import { whyNoOpenVino } from './openvino.js';

const NO_OPENVINO = whyNoOpenVino();
const MLP = fileURLToPath(new URL('../../../examples/models/keras_mlp', import.meta.url));

describe('Sizes of batches that OpenVINO runs', function () {
  this.timeout(60_000);
  if (NO_OPENVINO !== null) {
    it('are few', function () {
      Object.assign(this.test ?? {}, { skipReason: NO_OPENVINO });
      this.skip();
    });
    return;
  }

  const server = new BatchingServer();
  const row = (i: number): number[] => Array.from({ length: 16 }, (_, j) => Math.sin(i + j) * 3);
  /** The predictions of so many rows, from the row `from` on. */
  const ask = async (from: number, rows: number): Promise<number[][]> => {
    const { body } = await server.rows(...Array.from({ length: rows }, (_, i) => row(from + i)));
    return body.predictions as number[][];
  };
  const runs = (outcome: string): Promise<number> =>
    server.value(':tensorgate:openvino_run_count', { outcome });
  const agree = (given: number[][], expected: number[][]): void => {
    assert.equal(given.length, expected.length);
    given.flat().forEach((value, i) => {
      const other = expected.flat()[i] ?? NaN;
      assert.ok(Math.abs(value - other) <= 1e-4 * Math.max(Math.abs(other), 0.01));
    });
  };
  // Each number from 1 to 32, in an order that repeats none.
  const sizes = Array.from({ length: 32 }, (_, i) => ((i * 13) % 32) + 1);

  for (const [name, flags] of [
    ['without batching', ['--batching=off']],
    ['with --enable_batching', ['--enable_batching']],
  ] as const) {
    it(`are padded to few that are compiled, ${name}`, async () => {
      await server.serve(MLP, '--engine=openvino', '--synthetic_warmup=true', ...flags);
      const alone: number[][] = [];
      for (let i = 0; i < 64; ++i) alone.push(...(await ask(i, 1)));
      // A round in which no size of which there were none had to be compiled first.
      let left = Infinity;
      for (let round = 0; left > 8 && round < 100; ++round) {
        const before = await runs('left');
        for (const rows of sizes) agree(await ask(rows, rows), alone.slice(rows, 2 * rows));
        left = (await runs('left')) - before;
      }
      assert.ok(left <= 8, `${left} of 32 sizes are TensorFlow's`);
    });
  }
});
