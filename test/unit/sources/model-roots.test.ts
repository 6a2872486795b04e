/** ModelRoots: which paths lie in the folders of --model_roots, wherever links and `..` lead. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { singleModel } from '../../../src/config/model-config.js';
import { ModelRoots } from '../../../src/sources/model-roots.js';
import { StatusCode } from '../../../src/status/serving-error.js';
import { watchedFolder, until } from './watched-folder.js';

describe('ModelRoots', () => {
  let top: string;
  let roots: ModelRoots;
  const at = (path: string): string => join(top, path);
  beforeEach(() => {
    top = realpathSync(mkdtempSync(join(tmpdir(), 'tensorgate-roots-')));
    for (const folder of ['models/m', 'models-too', 'more/deep', 'secret/s']) {
      mkdirSync(at(folder), { recursive: true });
    }
    symlinkSync(at('secret'), at('models/out'));
    symlinkSync(at('more/deep'), at('models/in'));
    symlinkSync(at('more'), at('linked-root'));
    symlinkSync('circle', at('models/circle'));
    symlinkSync(at('secret/none'), at('models/dangling'));
    roots = new ModelRoots(`${at('models')},${at('linked-root')}`);
  });
  afterEach(() => rmSync(top, { recursive: true }));

  it('takes what lies in a root, or leads there, or would', async () => {
    for (const path of [
      'models',
      'models/',
      'models/m',
      'models/in',
      'models/none',
      'models/none/yet',
      'models/m/../m',
      'models/out/../models/m',
      'more/deep',
      'linked-root/deep',
    ]) {
      assert.equal(await roots.refusalOf(`${top}/${path}`), null, path);
    }
  });

  it('refuses what lies elsewhere, or leads there, or whose place nobody can tell', async () => {
    for (const path of [
      '',
      'models-too',
      'secret/s',
      'secret/none',
      'models/../secret/s',
      'models/out',
      'models/out/s',
      'models/out/none',
      'models/in/../../secret',
      'models/circle',
      'models/none/../m',
      'models/none/../../secret',
    ]) {
      const refusal = await roots.refusalOf(`${top}/${path}`);
      assert.equal(
        refusal,
        `${top}/${path} leads outside of --model_roots (${at('models')}, ${at('linked-root')})`,
      );
    }
    assert.ok(await roots.refusalOf('/'));
  });

  it('names the model whose base path leads elsewhere, also of a URI', async () => {
    await roots.check([singleModel('m', `file://${at('models/m')}`)]);
    const secret = singleModel('s', `file://${at('secret')}`);
    await assert.rejects(roots.check([singleModel('m', at('models/m')), secret]), {
      code: StatusCode.PERMISSION_DENIED,
      message: new RegExp(`^Base path of model s: ${at('secret')} leads outside`),
    });
  });

  it('takes anything where there are no roots, and only absolute paths for roots', async () => {
    const none = new ModelRoots('');
    await none.check([singleModel('s', at('secret'))]);
    assert.throws(() => new ModelRoots(`${top},models`), {
      code: StatusCode.INVALID_ARGUMENT,
      message: '--model_roots must be absolute paths between commas, got models',
    });
  });

  it('takes a root that comes later', async () => {
    const later = new ModelRoots(at('later'));
    assert.ok(await later.refusalOf(at('later/m')));
    mkdirSync(at('later'));
    assert.equal(await later.refusalOf(at('later/m')), null);
  });

  describe('as a source looks', () => {
    const watch = watchedFolder();
    let outside: string;
    beforeEach(() => {
      outside = mkdtempSync(join(tmpdir(), 'tensorgate-outside-'));
      mkdirSync(join(watch.base, 'm'));
      watch.add('m/1');
    });
    afterEach(() => rmSync(outside, { recursive: true }));

    it('leaves out a version that is a link to elsewhere, and says so', async () => {
      symlinkSync(outside, join(watch.base, 'm/2'));
      watch.start([watch.model({ basePath: join(watch.base, 'm') })], { roots: watch.base });
      await until(() => watch.reports.length > 0);
      assert.equal(watch.reported(), '1');
      assert.match(watch.warnings.join(), /Skipped a version of servable m: .*m\/2 leads outside/);
    });

    it('says why there is nothing where all versions lie elsewhere', async () => {
      symlinkSync(outside, join(watch.base, 'm/2'));
      rmSync(join(watch.base, 'm/1'), { recursive: true });
      watch.start([watch.model({ basePath: join(watch.base, 'm') })], { roots: watch.base });
      await until(() => (watch.troubles.get('m') ?? null) !== null);
      assert.equal(watch.troubles.get('m')?.code, StatusCode.PERMISSION_DENIED);
      assert.equal(watch.reported(), '');
    });

    it('looks at a base path again, which may lead elsewhere by then', async () => {
      const link = join(watch.base, 'link');
      symlinkSync(join(watch.base, 'm'), link);
      watch.start([watch.model({ basePath: link })], { roots: watch.base });
      await until(() => watch.reported() === '1');
      rmSync(link);
      symlinkSync(outside, link);
      await until(() => (watch.troubles.get('m') ?? null) !== null);
      assert.match(watch.troubles.get('m')?.message ?? '', /link leads outside of --model_roots/);
      await assert.rejects(watch.source.found('m'), { code: StatusCode.PERMISSION_DENIED });
    });
  });
});
