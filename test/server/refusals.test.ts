/** What flags and the files that they name end a start with: words and exit codes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HALF_PLUS_TWO } from '../wire/batching-server.js';
import { Authority, opensslMissing, pemField } from '../wire/certificates.js';
import { freePort, runToEnd } from '../wire/server-process.js';
import { testModel } from '../wire/threaded-server.js';
import { putVersion, TAKEN_AT_ONCE } from '../wire/version-folder.js';

const MODEL = testModel('versions');

describe('The start of a server is ended by', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-refusals-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  it('a --sticky_header that is no header', async () => {
    for (const name of ['two words', 'key-bin', ':path']) {
      const exit = await runToEnd([`--model_base_path=${MODEL}`, `--sticky_header=${name}`]);
      assert.equal(exit.code, 255);
      assert.match(exit.stdout, /INVALID_ARGUMENT: --sticky_header=.* is not the name of a header/);
    }
  });

  for (const [value, refusal] of [
    ['0', '--io_threads must be at least 1, got 0'],
    ['65', '--io_threads must be at most 64, got 65'],
    ['many', "Couldn't interpret value many for flag io_threads."],
  ] as const) {
    it(`--io_threads=${value}`, async () => {
      const exit = await runToEnd([`--model_base_path=${MODEL}`, `--io_threads=${value}`]);
      assert.equal(exit.code, 255);
      assert.ok((exit.stdout + exit.stderr).includes(refusal), exit.stdout);
    });
  }

  it('a host that is not known, and a path that is too long', async () => {
    const flags = ['--model_name=m', `--model_base_path=${MODEL}`, `--port=${await freePort()}`];
    const host = await runToEnd([...flags, '--grpc_host=no.such.invalid']);
    assert.equal(host.code, 255);
    assert.match(host.stdout, /--grpc_host: no\.such\.invalid: /);
    const path = await runToEnd([...flags, `--grpc_socket_path=${folder}/${'x'.repeat(100)}`]);
    assert.equal(path.code, 255);
    assert.match(path.stdout, /has at most 107 bytes/);
  });

  it('certificates that are none, in the words of upstream or with what is wrong', async function () {
    const missingOpenssl = opensslMissing();
    if (missingOpenssl !== null) {
      Object.assign(this.test ?? {}, { skipReason: missingOpenssl });
      this.skip();
    }
    const { key } = new Authority(folder, 'ca').issue('server');
    const text = pemField('server_key', key) + pemField('server_cert', 'x');
    const broken = `--ssl_config_file=${write('ssl.config', text)}`;
    const missing = join(folder, 'missing');
    const prefix = 'Failed to start server. Error: ';
    for (const [flags, expected] of [
      [[broken], /^INVALID_ARGUMENT: Invalid ssl config file: '.+': server_cert: not a chain/],
      [[`--ssl_config_file=${missing}`], /^NOT_FOUND: .+; No such file or directory\n$/],
      [
        [broken, '--use_alts_credentials'],
        /^INVALID_ARGUMENT: Either use_alts_credentials must be false or ssl_config_file must be empty\.\n$/,
      ],
      [
        ['--use_alts_credentials'],
        /^INVALID_ARGUMENT: use_alts_credentials: ALTS is not available/,
      ],
    ] as const) {
      const port = await freePort();
      const exit = await runToEnd([`--port=${port}`, `--model_base_path=${MODEL}`, ...flags]);
      assert.equal(exit.code, 255);
      assert.ok(exit.stdout.startsWith(prefix), exit.stdout);
      assert.match(exit.stdout.slice(prefix.length), expected);
    }
  });

  it('a text that is wrong, with its place in the log', async () => {
    const file = write('typo.config', '# TLS\n  server_kee: "secret"\n');
    const flags = [`--model_base_path=${MODEL}`, `--ssl_config_file=${file}`];
    const exit = await runToEnd([`--port=${await freePort()}`, ...flags]);
    assert.equal(exit.code, 255);
    assert.match(exit.stdout, /INVALID_ARGUMENT: Invalid protobuf file: '.+typo.config'\n$/);
    assert.match(exit.stderr, /typo\.config:2:13"/);
    assert.match(exit.stderr, /^Error parsing text-format tensorflow\.serving\.SSLConfig: 2:13: /m);
    assert.doesNotMatch(exit.stderr + exit.stdout, /secret/);
  });

  describe('batching parameters:', () => {
    for (const [what, parameters, flags, message] of [
      [
        'a file without --enable_batching',
        '',
        [],
        'INVALID_ARGUMENT: server_options.batching_parameters_file is set without setting ' +
          'server_options.enable_batching to true.',
      ],
      [
        'no threads',
        'num_batch_threads { value: 0 }',
        ['--enable_batching'],
        'INVALID_ARGUMENT: num_batch_threads must be positive; was 0',
      ],
      [
        'a file that is no text proto',
        'num_batch_threads 1',
        ['--enable_batching'],
        "INVALID_ARGUMENT: Invalid protobuf file: 'FILE'",
      ],
      ['an empty file', '', ['--enable_batching'], 'INVALID_ARGUMENT: FILE; Invalid argument'],
      [
        'a file that is not there',
        null,
        ['--enable_batching'],
        'NOT_FOUND: FILE; No such file or directory',
      ],
    ] as const) {
      it(what, async () => {
        const file = parameters === null ? '/nowhere' : write('parameters', parameters);
        const { code, stderr, stdout } = await runToEnd([
          `--model_base_path=${HALF_PLUS_TWO}`,
          `--batching_parameters_file=${file}`,
          ...flags,
        ]);
        assert.equal(code, 255);
        const expected = `Failed to start server. Error: ${message.replace('FILE', file)}`;
        assert.ok((stdout + stderr).includes(expected), stdout + stderr);
      });
    }
  });

  describe('batching parameters of a version:', () => {
    for (const [what, text, message] of [
      ['no text proto', 'max_batch_size 1', /^Invalid protobuf file: '.*batching_params\.pbtxt'$/],
      ['an empty file', '', /batching_params\.pbtxt; Invalid argument$/],
      [
        'a size of 0',
        'max_batch_size { value: 0 }',
        /^input_batch_size_limit must be positive; was 0$/,
      ],
      [
        'allowed sizes that end elsewhere',
        'max_batch_size { value: 8 } allowed_batch_sizes: 4',
        /^Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8$/,
      ],
    ] as const) {
      it(`fails the load on ${what}`, async () => {
        putVersion(join(HALF_PLUS_TWO, '1'), join(folder, 'model', '1'));
        write('model/1/batching_params.pbtxt', text);
        const { code, stderr } = await runToEnd([
          '--port=0',
          `--grpc_socket_path=${join(folder, 'socket')}`,
          `--model_base_path=${join(folder, 'model')}`,
          TAKEN_AT_ONCE,
          '--max_num_load_retries=0',
          '--enable_batching',
          '--enable_per_model_batching_parameters',
        ]);
        assert.equal(code, 255);
        const line = stderr.split('\n').find((each) => each.includes('load failed: '));
        const { msg } = JSON.parse(line ?? '{}') as { msg: string };
        assert.match(msg.replace('load failed: ', ''), message);
      });
    }
  });
});
