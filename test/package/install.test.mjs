/**
 * The package as the images get it: packed, installed below an empty prefix, its native parts built from its own
 * sources in a cache, then started through the images' entry point.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, Sandbox } from '../scripts/sandbox.mjs';
import { served } from './served.mjs';

describe('the installed package', function () {
  this.timeout(600_000);

  it('sets its native parts up once, serves, and stops on SIGTERM', async () => {
    const sandbox = new Sandbox();
    try {
      const prefix = join(sandbox.folder, 'prefix');
      // The library is the checkout's; what is built and installed is the package's.
      sandbox.env.LIBTENSORFLOW_PATH = join(root, 'third_party', 'libtensorflow');
      // So are the libraries below the addon, made of the same sources, where they are there; cmake-js gives CMake
      // what is in npm_cmake_*.
      const built = join(root, 'build', 'Release');
      if (existsSync(join(built, 'libruntime.a'))) {
        sandbox.env.npm_cmake_TENSORGATE_LIBRARIES = built;
      }
      // Unoptimised, in half the time: how fast it serves is not asked here.
      sandbox.stub('c++', 'exec $(PATH="${PATH#*:}" command -v c++) "$@" -O0');
      const installed = await sandbox.run(join(root, 'deploy', 'install.sh'), prefix);
      assert.equal(installed.status, 0, installed.stderr);

      delete sandbox.env.LIBTENSORFLOW_PATH;
      Object.assign(sandbox.env, {
        PATH: `${join(prefix, 'bin')}:${sandbox.env.PATH}`,
        XDG_CACHE_HOME: join(prefix, 'cache'),
        MODEL_NAME: 'half_plus_two',
        MODEL_BASE_PATH: join(prefix, 'lib/node_modules/tensorgate/examples/models'),
      });
      const { stderr } = await served(sandbox, join(root, 'deploy', 'entrypoint.sh'));
      assert.doesNotMatch(stderr, /^setup:/m, 'the start found everything set up');
    } finally {
      sandbox.remove();
    }
  });
});
