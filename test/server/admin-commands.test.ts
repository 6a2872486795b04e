/** The commands for a running server, each a process of its own, as an operator types them. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Json } from '../wire/admin-client.js';
import { AdminServer, VERSIONS } from '../wire/admin-server.js';
import { Authority, opensslMissing, pemField } from '../wire/certificates.js';
import { freePort, runToEnd, ServerProcess, type Exit } from '../wire/server-process.js';

const OK = 0;
const REFUSED = 1;
const USAGE = 2;

const command = (server: string, ...args: string[]): Promise<Exit> =>
  runToEnd([...args, `--server=${server}`]);

describe('The commands for a running server', function () {
  this.timeout(120_000); // many processes, one after the other

  describe('with the admin API', () => {
    let on: AdminServer;
    beforeEach(async () => {
      on = await AdminServer.start();
    });
    afterEach(() => on.stop());

    async function prints(expected: string, ...args: string[]): Promise<void> {
      const exit = await command(on.server.grpcAddress, ...args);
      assert.deepEqual(exit, { code: OK, stdout: expected, stderr: '' });
    }

    /** `expected` is what follows `tensorgate.mjs COMMAND: `. */
    async function refused(
      code: number,
      expected: string | RegExp,
      ...args: string[]
    ): Promise<void> {
      const exit = await command(on.server.grpcAddress, ...args);
      assert.equal(exit.code, code, exit.stderr);
      const [first = ''] = exit.stderr.split('\n');
      const prefix = `tensorgate.mjs ${args[0]}: `;
      assert.ok(first.startsWith(prefix), first);
      if (typeof expected === 'string') assert.equal(first.slice(prefix.length), expected);
      else assert.match(first.slice(prefix.length), expected);
    }

    it('status shows a table, and with --json the same for programs', async () => {
      await prints(
        'MODEL  VERSION  STATE      PLAN      POLICY    LABELS\n' +
          'm      2        AVAILABLE  as-saved  latest 1\n',
        'status',
      );
      const { stdout } = await command(on.server.grpcAddress, 'status', 'm', '--json');
      const told = JSON.parse(stdout) as {
        models: { versions: { plan?: Json; batching?: Json }[] }[];
      };
      const [version] = told.models[0]?.versions ?? [];
      assert.equal((version?.plan as { reason?: string }).reason?.includes('no variables'), true);
      delete version?.plan;
      const signature = { name: 'serving_default', batched: 'proven', obstacle: '' };
      assert.deepEqual(version?.batching, [signature]);
      delete version?.batching;
      const versions = [{ version: '2', state: 'AVAILABLE', labels: {}, error: null }];
      assert.deepEqual(told, {
        models: [{ name: 'm', base_path: VERSIONS, policy: 'latest 1', versions }],
      });
      await prints(
        'MODEL  VERSION  STATE      PLAN      POLICY    LABELS\n' +
          'm      2        AVAILABLE  as-saved  latest 1\n\n' +
          'VERSION  SIGNATURE        BATCHED  WHY NOT\n' +
          '2        serving_default  proven\n',
        ...['status', 'm'],
      );
      await refused(REFUSED, /^NOT_FOUND: .*nope/, 'status', 'nope');
    });

    it('models adds, replaces, reloads and removes one', async () => {
      const head = 'MODEL  VERSION  STATE      POLICY    LABELS\n';
      await prints(`${head}n      2        AVAILABLE  latest 1\n`, 'models', 'add', 'n', VERSIONS);
      await refused(
        REFUSED,
        'ALREADY_EXISTS: model n is configured already; --replace replaces it',
        ...['models', 'add', 'n', VERSIONS],
      );
      const again = ['models', 'add', 'n', VERSIONS, '--versions=1', '--replace', '--write_back'];
      assert.equal((await command(on.server.grpcAddress, ...again)).code, OK);
      await on.until(1, 'n');
      assert.match(readFileSync(on.file, 'utf8'), /specific {\s+versions: 1/);
      const reloaded = await command(on.server.grpcAddress, 'models', 'reload', 'n');
      assert.match(reloaded.stdout, /n +1 +AVAILABLE +specific 1/);
      await prints('removed: n\n', 'models', 'remove', 'n');
      await refused(REFUSED, 'NOT_FOUND: Model n is not configured', 'models', 'remove', 'n');
      await refused(
        REFUSED,
        /^INVALID_ARGUMENT: Expected model n to have an absolute path/,
        ...['models', 'add', 'n', 'relative'],
      );
    });

    it('models add says why a model does not serve, and fails', async () => {
      const base = join(on.folder, 'broken');
      mkdirSync(join(base, '1'), { recursive: true });
      writeFileSync(join(base, '1', 'saved_model.pb'), 'no model');
      const add = ['models', 'add', 'broken', base];
      const { code, stdout } = await command(on.server.grpcAddress, ...add);
      assert.equal(code, REFUSED);
      assert.match(stdout, /^broken +1 +END +latest 1 +[A-Z_]+: /m);
      assert.match(stdout, /^broken is configured, but does not serve: [A-Z_]+: /m);
      const again = await command(on.server.grpcAddress, 'models', 'reload', 'broken', '--json');
      assert.equal(again.code, REFUSED);
      const { errors } = JSON.parse(again.stdout) as { errors: Json[] };
      assert.equal(errors.length, 1);
      assert.equal(errors[0]?.['model'], 'broken');
    });

    it('profile writes what TensorBoard and Perfetto read', async () => {
      const out = `--out=${join(on.folder, 'profiles')}`;
      let isOver = false;
      const profiled = command(on.server.grpcAddress, 'profile', 'm', '--duration_ms=500', out);
      const ended = profiled.finally(() => {
        isOver = true;
      });
      while (!isOver) await on.predict('m');
      const { code, stdout, stderr } = await ended;
      assert.equal(code, OK, stderr);
      assert.match(
        stdout,
        /^[1-9]\d* runs in 500 ms\n\nSELF +SELF MS +TOTAL MS +COUNT +OP +NODE\n/,
      );
      assert.match(stdout, /^[\d.]+% +[\d.]+ +[\d.]+ +\d+ +\(beside its ops\) +SessionRun m\/2$/m);
      const [xplane = ''] = /^.*\.xplane\.pb$/m.exec(stdout) ?? [];
      const [trace = ''] = /^.*\.trace\.json$/m.exec(stdout) ?? [];
      const host = on.server.grpcAddress.replace(':', '_');
      assert.ok(xplane.endsWith(`/${host}.xplane.pb`), xplane);
      assert.match(xplane, /\/profiles\/plugins\/profile\/\d{4}(_\d\d){5}\//);
      assert.ok(readFileSync(xplane).includes('SessionRun m/2'));
      const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: Json[] };
      assert.ok(traceEvents.some(({ name, ph }) => name === 'SessionRun m/2' && ph === 'X'));
      await refused(
        REFUSED,
        /^NOT_FOUND: model m has not run within 10 ms: .*curl .*\/v1\/models\/m:predict/,
        ...['profile', 'm', '--duration_ms=10', out],
      );
      await refused(REFUSED, 'NOT_FOUND: No model is named "n"', 'profile', 'n', out);
    });

    it('labels sets and removes them', async () => {
      await command(on.server.grpcAddress, 'models', 'add', 'm', VERSIONS, '--all', '--replace');
      await on.until(1, 'm/versions/1');
      await prints(
        [
          'MODEL  VERSION  STATE      POLICY  LABELS',
          'm      2        AVAILABLE  all     stable, canary (75%)',
          'm      1        AVAILABLE  all     canary (25%)\n',
        ].join('\n'),
        ...['labels', 'set', 'm', 'stable=2', 'canary=1:1,2:3', '--write_back'],
      );
      assert.equal(await on.predict('m/labels/stable'), 2);
      await refused(
        REFUSED,
        'FAILED_PRECONDITION: Request to assign label to version 9 of model m, which is not currently available for inference',
        ...['labels', 'set', 'm', 'next=9'],
      );
      await refused(USAGE, 'next is not of the form LABEL=VERSION', 'labels', 'set', 'm', 'next');
      await refused(REFUSED, 'NOT_FOUND: Model m has no label x', 'labels', 'remove', 'm', 'x');
      await command(on.server.grpcAddress, 'labels', 'remove', 'm', 'canary', 'stable');
      assert.equal(
        await on.predict('m/labels/stable'),
        'Unrecognized servable version label: stable',
      );
    });

    it('rollback serves the version before, and back', async () => {
      await prints(
        'm: version 1 is AVAILABLE and serves; it was version 2. It is pinned there until: ' +
          'tensorgate rollback m --undo\n',
        ...['rollback', 'm'],
      );
      assert.equal(await on.predict('m'), 1);
      await refused(
        REFUSED,
        `FAILED_PRECONDITION: model m has no version before 1; ${VERSIONS} has: 2, 1`,
        ...['rollback', 'm'],
      );
      await refused(
        REFUSED,
        `FAILED_PRECONDITION: model m has no version 7 on disk; ${VERSIONS} has: 2, 1`,
        ...['rollback', 'm', '--to=7'],
      );
      await prints(
        'm: version 2 is AVAILABLE and serves; it was version 1. It follows the latest version again.\n',
        ...['rollback', 'm', '--undo'],
      );
      assert.equal(await on.predict('m'), 2);
      await refused(REFUSED, 'NOT_FOUND: Model x is not configured', 'rollback', 'x');
    });

    it('warmup record writes a file of the requests that come', async () => {
      const output = join(on.folder, 'warmup');
      const recording = command(
        on.server.grpcAddress,
        ...['warmup', 'record', 'm', '--seconds=600', '--count=2', '--all', `--output=${output}`],
      );
      let isOver = false;
      void recording.finally(() => (isOver = true));
      while (!isOver) await on.predict('m');
      const { code, stdout, stderr } = await recording;
      assert.equal(code, OK, stderr);
      const { length } = readFileSync(output);
      assert.match(stdout, new RegExp(`^${output}: 2 of \\d+ requests, ${length} bytes\n$`));
      const none = join(on.folder, 'none');
      await refused(
        REFUSED,
        'NOT_FOUND: model m has answered no request within 1 s: there is nothing to write',
        ...['warmup', 'record', 'm', '--seconds=1', `--output=${none}`],
      );
      assert.throws(() => readFileSync(none), { code: 'ENOENT' });
      await refused(REFUSED, 'NOT_FOUND: Model x is not configured', 'warmup', 'record', 'x');
    });

    it('rollback to a version that does not load leaves the one that serves', async () => {
      const base = join(on.folder, 'n');
      cpSync(join(VERSIONS, '2'), join(base, '2'), { recursive: true });
      mkdirSync(join(base, '1'));
      writeFileSync(join(base, '1', 'saved_model.pb'), 'no model');
      assert.equal((await command(on.server.grpcAddress, 'models', 'add', 'n', base)).code, OK);
      const before = await on.config();
      await refused(
        REFUSED,
        /^FAILED_PRECONDITION: version 1 of model n failed to load: .*; what was configured before is in force again$/,
        ...['rollback', 'n'],
      );
      assert.equal(await on.config(), before);
      assert.equal(await on.predict('n'), 2);
    });

    it('reload puts a file in force, and with --write_back makes it the server’s own', async () => {
      const file = join(on.folder, 'new.config');
      const model = (name: string): string =>
        `config { name: "${name}" base_path: "${VERSIONS}" model_platform: "tensorflow" }`;
      writeFileSync(file, `model_config_list { ${model('a')} ${model('b')} }`);
      await prints('reloaded: a, b\n', 'reload', file);
      assert.equal(await on.predict('a'), 2);
      writeFileSync(file, `model_config_list { ${model('a')} }`);
      await prints(
        'MODEL  VERSION  STATE      POLICY    LABELS\na      2        AVAILABLE  latest 1\n',
        ...['reload', file, '--write_back'],
      );
      assert.match(readFileSync(on.file, 'utf8'), /name: "a"/);
      assert.doesNotMatch(readFileSync(on.file, 'utf8'), /"m"/);
      writeFileSync(file, 'model_config_list { config { nam: 1 } }');
      await refused(USAGE, /^Invalid protobuf file: /, 'reload', file);
      assert.equal(await on.predict('a'), 2);
    });
  });

  it('tells a server without what it needs from one that is not there', async () => {
    const server = await ServerProcess.start('m', VERSIONS, '--enable_profiler=false');
    const { stdout } = await command(server.grpcAddress, 'status', 'm');
    assert.equal(stdout, 'MODEL  VERSION  STATE\nm      2        AVAILABLE\n');
    for (const [args, text, flag] of [
      [['status'], 'does not list its models', '--enable_admin_api'],
      [['models', 'remove', 'm'], 'does not offer tensorgate.AdminService', '--enable_admin_api'],
      [['profile'], 'does not offer tensorflow.ProfilerService', '--enable_profiler'],
    ] as const) {
      const { code, stderr } = await command(server.grpcAddress, ...args);
      assert.equal(code, REFUSED);
      assert.match(stderr, /^tensorgate\.mjs [a-z]+: UNIMPLEMENTED: /);
      assert.ok(stderr.includes(text), stderr);
      assert.ok(stderr.includes(flag), stderr);
    }
    assert.equal((await server.stop()).code, OK);
    const gone = await command(`127.0.0.1:${await freePort()}`, 'status', '--timeout_seconds=20');
    assert.equal(gone.code, REFUSED);
    assert.match(gone.stderr, /^tensorgate\.mjs status: UNAVAILABLE: .*ECONNREFUSED/);
  });

  it('takes the wrong usage for what it is, and asks no server', async () => {
    const server = `127.0.0.1:${await freePort()}`;
    for (const [args, text] of [
      [['status', '--nope'], 'unknown option --nope'],
      [['labels', 'set', 'm'], 'arguments are missing'],
      [['models', 'add', 'm', '/m', '--all', '--latest=2'], 'only one of --latest, --all'],
      [['rollback'], 'arguments are missing'],
      [['warmup', 'load', 'm'], 'warmup record?'],
      [['warmup', 'record', 'm', '--count=x'], '--count=x is no number from 1 on'],
      [['profile', 'm', '--duration_ms=0'], '--duration_ms=0 is no number from 1 on'],
      [['rollback', 'm', '--to=x'], 'x is no version'],
      [['status', '--timeout_seconds=0'], '--timeout_seconds=0 is no number'],
      [['status', '--ca=/nope'], 'ENOENT'],
    ] as const) {
      const { code, stdout, stderr } = await command(server, ...args);
      assert.deepEqual([code, stdout], [USAGE, ''], args.join(' '));
      assert.ok(stderr.includes(text), stderr);
      assert.match(stderr, /\nusage: tensorgate\.mjs [a-z]+ /);
    }
    const help = await command(server, 'rollback', '--help');
    assert.equal(help.code, OK);
    assert.match(help.stdout, /^usage: tensorgate\.mjs rollback MODEL/);
  });

  it('speaks TLS, with a certificate of its own where the server wants one', async function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-commands-'));
    const ca = new Authority(folder, 'ca');
    const { key, cert } = ca.issue('server');
    ca.issue('operator');
    const config = pemField('server_key', key) + pemField('server_cert', cert);
    const file = join(folder, 'ssl.config');
    writeFileSync(file, `${config}${pemField('custom_ca', ca.cert)}client_verify: true\n`);
    const flags = [`--ssl_config_file=${file}`, '--enable_admin_api'];
    const server = await ServerProcess.start('m', VERSIONS, ...flags);
    const at = (name: string): string => join(folder, name);
    const trusting = ['status', `--ca=${at('ca.crt')}`, '--timeout_seconds=20'];
    const own = [`--cert=${at('operator.crt')}`, `--key=${at('operator.key')}`];
    const served = await command(server.grpcAddress, ...trusting, ...own);
    assert.match(served.stdout, /^m +2 +AVAILABLE/m);
    for (const args of [trusting, ['status', '--timeout_seconds=20']]) {
      const { code, stderr } = await command(server.grpcAddress, ...args);
      assert.equal(code, REFUSED);
      assert.match(stderr, /UNAVAILABLE/);
    }
    assert.equal((await server.stop()).code, OK);
    rmSync(folder, { recursive: true });
  });
});
