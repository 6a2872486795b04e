/**
 * The GoogleTest binary of what needs neither TensorFlow nor Node, for a package's platform: the tests are compiled as
 * its addon is and drive the libraries that the addon was made of, so they are for that processor. It prints its path.
 *   node scripts/package/native-tests.mjs linux-arm64-gnu
 *   qemu-aarch64-static -L /usr/aarch64-linux-gnu build/package/linux-arm64-gnu/test/codec_test
 * Needs libgtest-dev: GoogleTest's sources.
 */
import { join } from 'node:path';
import { exitWith } from '../setup.mjs';
import { SetupError } from '../setup/progress.mjs';
import { cmakeBuild, cmakeConfigure } from '../testing/native.mjs';
import { buildAddon, PLATFORMS, releaseFolder, zigToolchain } from './platforms.mjs';

try {
  const [name] = process.argv.slice(2);
  const platform = PLATFORMS.find((each) => each.name === name);
  if (!platform) {
    throw new SetupError(
      `no platform ${name}; there are ${PLATFORMS.map((each) => each.name).join(', ')}`,
    );
  }
  await buildAddon(platform);
  const build = join('package', platform.name, 'test');
  const folder = await cmakeConfigure(build, {
    ...(await zigToolchain(platform)),
    CMAKE_CXX_FLAGS: '-fno-sanitize=undefined', // which zig adds to -O0, without its library
    TENSORGATE_TESTS: 'ON',
    TENSORGATE_LIBRARIES: releaseFolder(platform),
    LIBTENSORFLOW_PATH: '',
    // Those of this machine are of another processor; their tests are skipped without.
    NGHTTP2_LIBRARY: '',
    LLHTTP_SOURCES: '',
  });
  await cmakeBuild(build, ['codec_test']);
  console.log(join(folder, 'codec_test'));
} catch (error) {
  exitWith(error);
}
