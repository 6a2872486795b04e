/** Lookup tables as clients see them: over both transports, and through their lives. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient, type RpcError } from './grpc-client.js';
import { ServerProcess } from './server-process.js';

/** A matrix as numpy.save writes it, of rows of floats. */
function npy(rows: readonly (readonly number[])[]): Buffer {
  const shape = `(${rows.length}, ${rows[0]?.length})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = `${text.padEnd(117)}\n`;
  const length = Buffer.from([header.length & 0xff, header.length >> 8]);
  const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
  return Buffer.concat([
    ...[magic, length, Buffer.from(header, 'latin1')],
    Buffer.from(new Float32Array(rows.flat()).buffer),
  ]);
}

const PRICES =
  'file: "prices.csv" header_row: true\n' +
  'output { name: "price" column: "price" default_value: "-1" }\n' +
  'output { name: "grams" column: "weight" dtype: DT_INT32 default_value: "0" }\n';
const STRICT = 'file: "words.txt" output { name: "id" row_number: true dtype: DT_INT64 }\n';

describe('Lookup tables', () => {
  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  const put = async (path: string, content: string | Buffer): Promise<void> => {
    const file = join(folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, content);
  };
  const post = async (model: string, body: string): Promise<[number, unknown]> => {
    const url = `${server.restUrl}/v1/models/${model}:predict`;
    const reply = await fetch(url, { method: 'POST', body });
    return [reply.status, JSON.parse(await reply.text())];
  };
  const strings = (...values: string[]): object => ({
    dtype: 'DT_STRING',
    tensor_shape: { dim: [{ size: values.length }] },
    string_val: values.map((each) => Buffer.from(each)),
  });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tables-'));
    await put('prices/1/prices.csv', 'sku,price,weight\na-1,9.5,120\nb-2,3,80\n');
    await put('prices/1/table.pbtxt', PRICES);
    await put('vectors/1/words.txt', 'the\nof\nand\n');
    await put('vectors/1/vectors.npy', npy([0, 1, 2, 3, 4].map((row) => [row, row + 0.5])));
    await put(
      'vectors/1/table.pbtxt',
      'file: "vectors.npy" vocabulary_file: "words.txt" num_oov_buckets: 2\n',
    );
    await put('strict/1/words.txt', 'the\nof\n');
    await put('strict/1/table.pbtxt', STRICT);
    const entry = (name: string): string =>
      `config { name: "${name}" base_path: "${folder}/${name}" model_platform: "table" }`;
    const names = ['prices', 'vectors', 'strict'];
    await put('models.config', `model_config_list { ${names.map(entry).join(' ')} }`);
    server = await ServerProcess.startWith(
      `--model_config_file=${join(folder, 'models.config')}`,
      '--file_system_poll_wait_seconds=1',
      '--max_num_load_retries=0',
    );
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
    await rm(folder, { recursive: true });
  });

  it('answers keys with a row of each output, known or not', async () => {
    assert.deepEqual(await post('prices', '{"instances": ["b-2", "none", "a-1"]}'), [
      200,
      {
        predictions: [
          { grams: 80, price: 3 },
          { grams: 0, price: -1 },
          { grams: 120, price: 9.5 },
        ],
      },
    ]);
    const { outputs } = (await client.predict({
      model_spec: { name: 'prices' },
      inputs: { keys: strings('a-1') },
      output_filter: ['price'],
    })) as { outputs: Record<string, { float_val: number[] }> };
    assert.deepEqual(Object.keys(outputs), ['price']);
    assert.deepEqual(outputs['price']?.float_val, [9.5]);
  });

  it('takes keys of any shape, and unknown ones into their buckets', async () => {
    assert.deepEqual(await post('vectors', '{"inputs": [["the"], ["and"]]}'), [
      200,
      { outputs: [[[0, 0.5]], [[2, 2.5]]] },
    ]);
    const [status, answer] = await post('vectors', '{"inputs": "somebody"}');
    assert.equal(status, 200);
    const [row = 0] = (answer as { outputs: number[] }).outputs;
    assert.ok(row === 3 || row === 4, String(row));
  });

  it('says which key it has not, of which type keys are, and which outputs there are', async () => {
    const notFound =
      /^Key "nobody" at index \d of "keys" is not in the table, and output "id" has no/;
    const [status, answer] = await post('strict', '{"instances": ["of", "nobody"]}');
    assert.equal(status, 404);
    assert.match((answer as { error: string }).error, notFound);
    const fails = (request: object, code: StatusCode, message: RegExp): Promise<void> =>
      assert.rejects(client.predict(request), (error: unknown) => {
        const { code: got, details } = error as RpcError;
        assert.equal(got, code, details);
        assert.match(details, message);
        return true;
      });
    const strict = { model_spec: { name: 'strict' } };
    const { NOT_FOUND, INVALID_ARGUMENT, FAILED_PRECONDITION } = StatusCode;
    await fails({ ...strict, inputs: { keys: strings('nobody') } }, NOT_FOUND, notFound);
    await fails({ ...strict, inputs: { other: strings('of') } }, INVALID_ARGUMENT, /keys/);
    const wrong = { dtype: 'DT_INT64', tensor_shape: { dim: [{ size: 1 }] }, int64_val: [1] };
    await fails({ ...strict, inputs: { keys: wrong } }, INVALID_ARGUMENT, /string.*int64/i);
    const other = { name: 'strict', signature_name: 'other' };
    const inputs = { keys: strings('of') };
    await fails({ model_spec: other, inputs }, FAILED_PRECONDITION, /"other" not found/);
    await fails({ ...strict, inputs, output_filter: ['x'] }, INVALID_ARGUMENT, /alias not found/);
  });

  it('has metadata and states like any model, and says what a file has that it should not', async () => {
    const url = `${server.restUrl}/v1/models`;
    const metadata = await (await fetch(`${url}/strict/metadata`)).text();
    assert.match(metadata, /"keys": \{[^}]*"dtype": "DT_STRING"/);
    assert.match(metadata, /"id": \{[^}]*"dtype": "DT_INT64"/);
    await put('broken/t.csv', 'a,1\nb\n');
    await put('broken/table.pbtxt', 'file: "t.csv"');
    await rename(join(folder, 'broken'), join(folder, 'strict', '2'));
    await server.untilLogged('t.csv: line 2: expected 2 fields as in line 1, got 1');
    const states = await (await fetch(`${url}/strict`)).text();
    assert.match(states, /"state": "END"[^]*line 2: expected 2 fields[^]*"state": "AVAILABLE"/);
    assert.equal(
      (await fetch(`${url}/prices:classify`, { method: 'POST', body: '{}' })).status,
      400,
    );
  });

  it('goes over to a new version under load, without a request that fails', async () => {
    const seen = new Set<number>();
    let isOver = false;
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const [status, answer] = await post('prices', '{"instances": ["a-1"]}');
        assert.equal(status, 200);
        seen.add((answer as { predictions: { price: number }[] }).predictions[0]?.price ?? NaN);
      }
    };
    const asking = Promise.all([ask(), ask(), ask()]);
    await cp(join(folder, 'prices', '1'), join(folder, 'next'), { recursive: true });
    await writeFile(join(folder, 'next', 'prices.csv'), 'sku,price,weight\na-1,7,1\n');
    await rename(join(folder, 'next'), join(folder, 'prices', '2'));
    await server.untilLogged('{name: prices version: 1}","msg":"unloaded');
    isOver = true;
    await asking;
    assert.deepEqual([...seen], [9.5, 7]);
  });
});
