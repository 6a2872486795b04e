/** OpenVINO for tests that need it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const FETCH = fileURLToPath(new URL('../../../scripts/fetch-openvino.sh', import.meta.url));
const ENSURE = fileURLToPath(new URL('../../../scripts/setup/openvino.mjs', import.meta.url));

/** Path of its C library, fetched where it had to be; null: it cannot be had. */
export function openVinoLibrary(): string | null {
  const script = `console.log(await (await import('${ENSURE}')).ensureOpenVino())`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

/** Why it cannot be had; null: it is there, fetched where it had to be. */
export function whyNoOpenVino(): string | null {
  if (process.env['OPENVINO_PATH'] !== undefined) return null;
  const { status, stderr } = spawnSync('bash', [FETCH], { encoding: 'utf8' });
  return status === 0 ? null : `OpenVINO cannot be had: ${stderr.trim()}`;
}
