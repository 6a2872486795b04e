/** --ops: sets of ops by name, with the libraries that the pinned wheel has and that pip can fetch. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, runToEnd, ServerProcess } from '../wire/server-process.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MODELS = join(ROOT, 'test/models');
const ONCE = '--max_num_load_retries=0';
const REQUEST = '{"instances": ["the foxes a", ""]}';

/** What TensorFlow says of REQUEST in Python; see scripts/make-test-models.py. */
const ANSWERS = {
  text_ngrams: [
    ['the foxes', 'foxes a'],
    ['', ''],
  ],
  text_trimmed: [
    ['the', 'foxes'],
    ['', ''],
  ],
  text_pieces: [
    [3, 4, 5, 6],
    [0, 0, 0, 0],
  ],
} as const;

async function predict(server: ServerProcess): Promise<unknown> {
  const url = `${server.restUrl}/v1/models/m:predict`;
  const response = await fetch(url, { method: 'POST', body: REQUEST });
  return ((await response.json()) as { predictions: unknown }).predictions;
}

describe('Sets of ops', function () {
  this.timeout(120_000);

  it('that are not known refuse the start, with those that are', async () => {
    for (const [env, flags, origin] of [
      [{}, ['--ops=text,txt'], '--ops'],
      [{ TENSORGATE_OPS: 'txt' }, [], 'TENSORGATE_OPS'],
    ] as const) {
      const { code, stdout } = await runToEnd(
        [`--port=${await freePort()}`, `--model_base_path=${MODELS}/identity`, ...flags],
        { ...process.env, ...env },
      );
      assert.equal(code, 255);
      assert.equal(
        stdout,
        `Failed to start server. Error: INVALID_ARGUMENT: ${origin} names ops that are not known: txt; known are: text\n`,
      );
    }
  });

  it('are named by the load that misses one of their ops', async () => {
    const { code, stdout, stderr } = await runToEnd([
      ...[
        `--port=${await freePort()}`,
        '--model_name=m',
        `--model_base_path=${MODELS}/text_ngrams`,
      ],
      ONCE,
    ]);
    assert.equal(code, 255);
    const text =
      "Op type not registered 'TFText>NgramsStringJoin': it is an op of TensorFlow Text; start the server with --ops=text";
    assert.ok(stdout.includes(`NOT_FOUND: ${text}}`), stdout);
    assert.ok(stderr.includes(`"msg":"load failed: ${text}"`), stderr);
  });

  describe('fetched by pip', () => {
    let libraries: string;
    before(function () {
      const { status, stdout, stderr } = spawnSync(
        'bash',
        [join(ROOT, 'scripts/fetch-ops.sh'), 'text'],
        { encoding: 'utf8', env: { ...process.env, PIP_RETRIES: '0' }, timeout: 100_000 },
      );
      if (status === 0) {
        libraries = join(ROOT, 'third_party/ops/text');
        return;
      }
      // What pip cannot fetch is no fault of ours; all else is.
      assert.ok(status === 4 || status === 5 || status === null, `${stdout}${stderr}`);
      const reason = stderr.trim() || 'pip took too long';
      for (const test of this.test?.parent?.tests ?? [])
        Object.assign(test, { skipReason: reason });
      this.skip();
    });

    for (const [model, answer] of Object.entries(ANSWERS)) {
      it(`answer as in Python: ${model}`, async () => {
        const server = await ServerProcess.start('m', join(MODELS, model), '--ops=text', ONCE);
        assert.deepEqual(await predict(server), answer);
        const exit = await server.stop();
        assert.equal(exit.code, 0);
        assert.match(exit.stderr, /"msg":"--ops: \d+ op libraries are loaded"/);
      });
    }

    it('come from TENSORGATE_OPS, and from a folder of the operator', async () => {
      const env = {
        ...process.env,
        TENSORGATE_OPS: 'text',
        TENSORGATE_OPS_PATH: join(libraries, '..'),
      };
      const server = await ServerProcess.startIn(
        env,
        ...['--model_name=m', `--model_base_path=${MODELS}/text_ngrams`, '--io_threads=2', ONCE],
      );
      assert.deepEqual(await predict(server), ANSWERS.text_ngrams);
      assert.equal((await server.stop()).code, 0);
    });

    it('may be given by --custom_op_libraries, too, and again', async () => {
      const paths = readdirSync(libraries).filter((name) => name.endsWith('.so'));
      const list = paths.map((name) => join(libraries, name)).join(',');
      const server = await ServerProcess.start(
        ...(['m', join(MODELS, 'text_ngrams'), ONCE] as const),
        ...['--ops=text', `--custom_op_libraries=${list}`],
      );
      assert.deepEqual(await predict(server), ANSWERS.text_ngrams);
      assert.equal((await server.stop()).code, 0);
    });

    it('that the folder of the operator lacks refuse the start', async () => {
      const env = { ...process.env, TENSORGATE_OPS_PATH: MODELS };
      const { code, stderr } = await runToEnd(
        [`--port=${await freePort()}`, `--model_base_path=${MODELS}/identity`, '--ops=text'],
        env,
      );
      assert.equal(code, 1);
      assert.match(stderr, /^setup: error: TENSORGATE_OPS_PATH=.* lacks text\/\*\.so$/m);
    });
  });
});
