/** The command line's syntax, precedence and errors: flags.md section 1, row by row. */
import assert from 'node:assert/strict';
import type { Flags } from '../../../src/config/flag-table.js';
import { parseFlags, type ParsedFlags } from '../../../src/config/flags.js';

const CPUS = 2;

type Run = Extract<ParsedFlags, { kind: 'run' }>;

function run(...argv: string[]): Run {
  const parsed = parseFlags(argv, CPUS);
  assert.ok(parsed.kind === 'run', `${argv.join(' ')} gave ${parsed.kind}`);
  return parsed;
}

function errors(...argv: string[]): readonly string[] {
  const parsed = parseFlags(argv, CPUS);
  assert.ok(parsed.kind === 'error', `${argv.join(' ')} gave ${parsed.kind}`);
  return parsed.errors;
}

function value<K extends keyof Flags>(name: K, argument: string): Flags[K] {
  const parsed = run(argument);
  assert.equal(parsed.unknown, null);
  return parsed.flags[name];
}

describe('parseFlags', () => {
  describe('defaults', () => {
    it('gives the fixed defaults for an empty command line', () => {
      const { flags, warnings, unknown } = run();
      assert.equal(flags.port, 8500);
      assert.equal(flags.rest_api_port, 0);
      assert.equal(flags.model_name, 'default');
      assert.equal(flags.load_retry_interval_micros, 60_000_000);
      assert.equal(flags.saved_model_tags, 'serve');
      assert.equal(flags.run_queue_capacity, 4096);
      assert.equal(flags.rest_api_max_body_bytes, 134_217_728);
      assert.equal(flags.rest_api_max_buffered_bytes, 1_073_741_824);
      assert.equal(flags.rest_api_gzip_min_bytes, 0);
      assert.deepEqual(warnings, []);
      assert.equal(unknown, null);
    });

    it('derives thread counts from the CPU count', () => {
      const parsed = parseFlags([], 3);
      assert.ok(parsed.kind === 'run');
      assert.equal(parsed.flags.rest_api_num_threads, 12);
      assert.equal(parsed.flags.grpc_max_threads, 12);
      assert.equal(parsed.flags.num_tflite_pools, 3);
      assert.deepEqual(parsed.warnings, []);
    });
  });

  describe('form of an argument', () => {
    it('takes --name=value for strings, ints and floats', () => {
      assert.equal(value('model_name', '--model_name=m'), 'm');
      assert.equal(value('port', '--port=9000'), 9000);
      assert.equal(
        value('per_process_gpu_memory_fraction', '--per_process_gpu_memory_fraction=0.5'),
        0.5,
      );
    });

    it('keeps further equals signs in a string', () => {
      assert.equal(value('model_base_path', '--model_base_path=/a=b'), '/a=b');
    });

    it('takes an empty string from --name=', () => {
      assert.equal(value('model_name', '--model_name='), '');
    });

    for (const argument of [
      '-port=9000',
      '-port',
      '--port',
      '--model_name',
      '-version',
      '--versionx',
      '--enable_batching_foo',
      '--help=1',
      '-help',
      '--',
      '-',
      '',
      'serve',
      '--model_version_policy=all',
      '--Port=9000',
    ]) {
      it(`does not recognise ${JSON.stringify(argument)}`, () => {
        const parsed = run(argument);
        assert.equal(parsed.unknown, argument);
        assert.deepEqual(parsed.flags, run().flags);
      });
    }

    it('does not take a value from the next argument', () => {
      const parsed = run('--port', '9000');
      assert.equal(parsed.unknown, '--port');
      assert.equal(parsed.flags.port, 8500);
    });

    it('lets the last of two settings win', () => {
      assert.equal(run('--port=1', '--port=2').flags.port, 2);
      assert.equal(
        run('--enable_batching', '--enable_batching=false').flags.enable_batching,
        false,
      );
    });

    it('ignores every flag after --', () => {
      const parsed = run('--port=1', '--', '--port=2', '--port=x');
      assert.equal(parsed.unknown, '--');
      assert.equal(parsed.flags.port, 1);
    });
  });

  describe('booleans', () => {
    for (const text of ['', '=true', '=TRUE', '=True', '=1']) {
      it(`reads --enable_batching${text} as true`, () => {
        assert.equal(value('enable_batching', `--enable_batching${text}`), true);
      });
    }

    for (const text of ['=false', '=FALSE', '=fAlse', '=0']) {
      it(`reads --enable_model_warmup${text} as false`, () => {
        assert.equal(value('enable_model_warmup', `--enable_model_warmup${text}`), false);
      });
    }

    for (const text of ['', 't', 'yes', 'no', 'on', '2', ' true']) {
      it(`refuses --version=${text}`, () => {
        const expected = [`Couldn't interpret value ${text} for flag version.`];
        assert.deepEqual(errors(`--version=${text}`), expected);
      });
    }
  });

  describe('integers', () => {
    for (const [text, expected] of [
      ['8500', 8500],
      ['-1', -1],
      ['+7', 7],
      [' \t42', 42],
      ['007', 7],
      ['4294967297', 1],
      ['2147483648', -2147483648],
      ['99999999999999999999', -1],
      ['-99999999999999999999', 0],
    ] as const) {
      it(`reads --port=${text} as ${expected}, as C's scanf does`, () => {
        assert.equal(value('port', `--port=${text}`), expected);
      });
    }

    it('keeps 64 bits of an int64 flag', () => {
      const flag = 'load_retry_interval_micros';
      assert.equal(value(flag, `--${flag}=4294967297`), 4_294_967_297);
      assert.equal(value(flag, `--${flag}=99999999999999999999`), Number(2n ** 63n));
    });

    for (const text of ['abc', '1.5', '5x', '0x10', '5 ', '', '-', '+-1', '- 1']) {
      it(`refuses --port=${text}`, () => {
        assert.deepEqual(errors(`--port=${text}`), [
          `Couldn't interpret value ${text} for flag port.`,
        ]);
      });
    }
  });

  describe('floats', () => {
    const flag = 'per_process_gpu_memory_fraction';
    for (const [text, expected] of [
      ['0.5', 0.5],
      ['1e-1', Math.fround(0.1)],
      ['  2', 2],
      ['.25', 0.25],
      ['3.', 3],
      ['-1', -1],
      ['nan', NaN],
      ['inf', Infinity],
      ['-infinity', -Infinity],
    ] as const) {
      it(`reads ${JSON.stringify(text)} as ${expected}`, () => {
        assert.equal(value(flag, `--${flag}=${text}`), expected);
      });
    }

    for (const text of ['0.5x', 'x', '', '1e', '.', '0.5 ', 'nanx']) {
      it(`refuses ${JSON.stringify(text)}`, () => {
        assert.deepEqual(errors(`--${flag}=${text}`), [
          `Couldn't interpret value ${text} for flag ${flag}.`,
        ]);
      });
    }
  });

  describe('precedence', () => {
    it('reports every value it cannot read, in order', () => {
      assert.deepEqual(errors('--port=x', '--model_name=m', '--version=y'), [
        "Couldn't interpret value x for flag port.",
        "Couldn't interpret value y for flag version.",
      ]);
    });

    it('puts a parse error before --help and --version', () => {
      assert.equal(errors('--help', '--version', '--port=x').length, 1);
    });

    it('answers --help among recognised flags, --version included', () => {
      assert.deepEqual(parseFlags(['--port=1', '--help', '--version'], CPUS), { kind: 'help' });
      assert.deepEqual(parseFlags(['--help', 'foo'], CPUS), { kind: 'help' });
    });

    it('takes --help after an unknown argument as unknown too', () => {
      assert.equal(run('foo', '--help').unknown, 'foo');
      assert.equal(run('--', '--help').unknown, '--');
    });

    it('answers --version before and after unknown arguments', () => {
      assert.deepEqual(parseFlags(['--version'], CPUS), { kind: 'version' });
      assert.deepEqual(parseFlags(['foo', '--version', 'bar'], CPUS), { kind: 'version' });
      assert.deepEqual(parseFlags(['--version', '--rest_api_num_threads=0'], CPUS), {
        kind: 'version',
      });
    });

    it('does not answer --version=false', () => {
      assert.equal(run('--version=false').flags.version, false);
      assert.equal(run('--version', '--version=0').flags.version, false);
    });

    it('names only the first unknown argument and starts with the rest', () => {
      const parsed = run('foo', '--port=9000', '--bar', 'baz');
      assert.equal(parsed.unknown, 'foo');
      assert.equal(parsed.flags.port, 9000);
    });
  });

  describe('values on which upstream crashes', () => {
    for (const [argument, message] of [
      ['--rest_api_num_threads=0', '--rest_api_num_threads must be at least 1, got 0'],
      ['--grpc_max_threads=0', '--grpc_max_threads must be at least 1, got 0'],
      ['--grpc_max_threads=-3', '--grpc_max_threads must be at least 1, got -3'],
      ['--run_queue_capacity=0', '--run_queue_capacity must be at least 1, got 0'],
      ['--grpc_channel_arguments=a=1,b', '--grpc_channel_arguments takes key=value entries, got b'],
    ] as const) {
      it(`refuses to start with ${argument}`, () => {
        assert.deepEqual(parseFlags([argument], CPUS), {
          kind: 'refused',
          message: `Failed to start server. Error: INVALID_ARGUMENT: ${message}`,
          unknown: null,
        });
      });
    }

    it('keeps the notice of an unknown argument when it refuses', () => {
      const parsed = parseFlags(['foo', '--grpc_max_threads=0'], CPUS);
      assert.ok(parsed.kind === 'refused');
      assert.equal(parsed.unknown, 'foo');
    });
  });

  describe('flags without effect', () => {
    it('warns once for each that differs from its default, in table order', () => {
      const { warnings } = run(
        '--num_tflite_pools=3',
        '--num_tflite_pools=3',
        '--mixed_precision=bfloat16',
      );
      assert.deepEqual(warnings, [
        '--num_tflite_pools is accepted but has no effect yet',
        '--mixed_precision is accepted but has no effect yet',
      ]);
    });

    it('is silent where the value is the default', () => {
      assert.deepEqual(
        run('--xla_cpu_compilation_enabled=false', '--num_tflite_pools=2').warnings,
        [],
      );
    });

    it('is silent about flags that are served', () => {
      assert.deepEqual(run('--port=1', '--rest_api_timeout_in_ms=5').warnings, []);
    });
  });

  it('takes only the known levels for --log_level', () => {
    assert.equal(value('log_level', '--log_level=debug'), 'debug');
    assert.deepEqual(errors('--log_level=loud'), [
      "Couldn't interpret value loud for flag log_level.",
    ]);
  });
});
