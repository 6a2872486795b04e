import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../../build/Release/tensorgate.node', import.meta.url));

describe('The addon', () => {
  it('finds the library in the package beside its own, as prebuilt packages lie', () => {
    const addon = process.env['TENSORGATE_ADDON'] ?? BUILT;
    const library = realpathSync(join(dirname(addon), '../../third_party/libtensorflow'));
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-prebuilt-'));
    const scope = join(folder, 'node_modules/@tensorgate');
    const ours = join(scope, `linux-${process.arch}-gnu`);
    mkdirSync(ours, { recursive: true });
    copyFileSync(addon, join(ours, 'tensorgate.node'));
    symlinkSync(library, join(scope, `libtensorflow-linux-${process.arch}`));
    const script = `console.log(require(${JSON.stringify(join(ours, 'tensorgate.node'))}).tensorflowVersion())`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    assert.equal(stdout, '2.21.0\n', stderr);
  });
});
