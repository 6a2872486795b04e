/** --validate_config from the command line: what it prints, how it ends, and what it leaves alone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, runToEnd, ServerProcess } from '../wire/server-process.js';
import { testModel } from '../wire/threaded-server.js';

const MODEL = `--model_base_path=${testModel('versions')}`;

describe('--validate_config', function () {
  this.timeout(20_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-validate-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('ends with 0 where nothing is wrong, without the addon', async () => {
    const nowhere = { ...process.env, TENSORGATE_ADDON: join(folder, 'gone.node') };
    const exit = await runToEnd(['--validate_config', MODEL], nowhere);
    assert.deepEqual(exit, { code: 0, stdout: '0 errors, 0 warnings\n', stderr: '' });
  });

  it('ends with 0 after warnings, and with 1 after an error, having said all', async () => {
    const gone = await runToEnd(['--validate_config', `--model_base_path=${folder}/gone`]);
    assert.equal(gone.code, 0);
    assert.equal(
      gone.stdout,
      `warning: model default: ${folder}/gone; No such file or directory\n0 errors, 1 warning\n`,
    );
    const models = join(folder, 'models.config');
    writeFileSync(models, 'model_config_list {\n  config { nme: "m" }\n}\n');
    const monitoring = `--monitoring_config_file=${folder}/gone`;
    const flags = ['--port=x', '--rest_api_port=1', monitoring, `--model_config_file=${models}`];
    const { code, stdout } = await runToEnd(['--validate_config', ...flags]);
    assert.equal(code, 1);
    const lines = stdout.split('\n');
    assert.equal(lines[0], "error: flags: Couldn't interpret value x for flag port.");
    assert.equal(
      lines[1],
      `error: --monitoring_config_file: ${folder}/gone; No such file or directory`,
    );
    assert.ok(lines[2]?.startsWith(`error: ${models}:2:15: model_config_list.config[0].nme: `));
    assert.deepEqual(lines.slice(3), ['3 errors, 0 warnings', '']);
  });

  it('does not mind a server on the same ports', async () => {
    const port = await freePort();
    const flags = [`--port=${port}`, MODEL];
    const server = new ServerProcess(flags, port, 0);
    await server.untilLogged('"msg":"serving"');
    assert.equal((await runToEnd(['--validate_config', ...flags])).code, 0);
    assert.equal((await server.stop()).code, 0);
  });

  it('leaves help and version as they are', async () => {
    const version = await runToEnd(['--validate_config', '--version']);
    assert.match(version.stdout, /^TensorFlow ModelServer: /);
    const help = await runToEnd(['--help', '--validate_config']);
    assert.equal(help.code, 255);
  });
});
