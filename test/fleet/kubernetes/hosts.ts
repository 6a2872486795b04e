/** Without Kubernetes: deploy/compose.yaml, and deploy/systemd's unit, whose command lines are run. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { itWith, outputOf } from '../../clients/programs.js';
import { freePort, runToEnd, ServerProcess } from '../../wire/server-process.js';
import { readManifests } from './manifests.js';
import { findModule, itGiven } from './modules.js';
import { DEPLOY, ROOT, SERVER, VERSION } from './rendering.js';

const COMPOSE = join(DEPLOY, 'compose.yaml');
const COMPOSE_GO = {
  path: 'github.com/compose-spec/compose-go/v2',
  version: 'v2.9.0',
  sum: 'h1:UHSv/QHlo6QJtrT4igF1rdORgIUhDo1gWuyJUoiNNIM=',
};
const UNIT = join(DEPLOY, 'systemd', 'tensorgate.service');
const INSTALLED = '/usr/local/bin/tensorflow_model_server';
/** systemd's own measure: 0 is a unit that may do nothing, 100 one that may do everything. */
const MOST_EXPOSURE = 20;

describe('deploy/compose.yaml', function () {
  this.timeout(360_000);

  itGiven('is as Compose has it', [() => findModule(COMPOSE_GO)], async (folder = '') => {
    const schema = join(folder, 'schema', 'compose-spec.json');
    await readManifests(readFileSync(COMPOSE, 'utf8'), [`--schema=${schema}`]);
  });

  it('has the servers that its balancer knows, of the version of the package', () => {
    const text = readFileSync(COMPOSE, 'utf8');
    assert.ok(text.includes(`tensorgate:${VERSION}}`));
    const servers = [...text.matchAll(/^ {2}(tensorgate-\d+):/gm)].map(([, name]) => name);
    const [, file = ''] = /- \.\/(envoy\/\S+):\S+:ro/.exec(text) ?? [];
    const balancer = readFileSync(join(DEPLOY, file), 'utf8');
    const known = [...balancer.matchAll(/address: (tensorgate-\d+)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(known)], servers);
  });
});

describe('deploy/systemd', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-unit-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** What its line of that key would run, with paths of this test. */
  function commandLine(key: string, ports: readonly [number, number]): readonly string[] {
    const unit = readFileSync(UNIT, 'utf8').replaceAll('\\\n', ' ');
    const [, line] = new RegExp(`^${key}=${INSTALLED} (.*)$`, 'm').exec(unit) ?? [];
    assert.ok(line !== undefined, key);
    const flags = line
      .replace('$TENSORGATE_FLAGS', '')
      .replace(/\/(etc|var\/cache)\/tensorgate/g, folder);
    return flags
      .replace('--port=8500', `--port=${ports[0]}`)
      .replace('--rest_api_port=8501', `--rest_api_port=${ports[1]}`)
      .split(' ')
      .filter((flag) => flag !== '');
  }

  itWith(
    'systemd-analyze',
    'is a unit that systemd takes, and that may do little',
    async (path) => {
      const unit = join(folder, 'tensorgate.service');
      writeFileSync(unit, readFileSync(UNIT, 'utf8').replaceAll(INSTALLED, SERVER));
      const { stderr } = await promisify(execFile)(path, ['verify', unit], { timeout: 20_000 });
      assert.equal(stderr, '');
      await outputOf(path, ['security', '--offline=yes', `--threshold=${MOST_EXPOSURE}`, unit]);
    },
  );

  it('refuses a wrong configuration before a start, and serves a right one', async () => {
    const ports = [await freePort(), await freePort()] as const;
    const config = join(folder, 'models.config');
    writeFileSync(config, 'model_config_list { config { nme: "half_plus_two" } }');
    assert.equal((await runToEnd(commandLine('ExecStartPre', ports))).code, 1);
    cpSync(join(ROOT, 'examples', 'models', 'half_plus_two'), join(folder, 'm'), {
      recursive: true,
    });
    const fields = `name: "half_plus_two" base_path: "${folder}/m" model_platform: "tensorflow"`;
    writeFileSync(config, `model_config_list { config { ${fields} } }`);
    const looked = await runToEnd(commandLine('ExecStartPre', ports));
    assert.equal(looked.code, 0, looked.stdout + looked.stderr);
    const server = new ServerProcess(commandLine('ExecStart', ports), ...ports);
    await server.untilLogged('"msg":"serving"');
    const url = `http://127.0.0.1:${ports[1]}/v1/models/half_plus_two:predict`;
    const answer = await fetch(url, { method: 'POST', body: '{"instances": [1.0]}' });
    assert.deepEqual(await answer.json(), { predictions: [2.5] });
    server.signal('SIGTERM');
    assert.equal((await server.exit).code, 0);
  });
});
