/** OpenVINO for tests that need it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const FETCH = fileURLToPath(new URL('../../../scripts/fetch-openvino.sh', import.meta.url));

/** Why it cannot be had; null: it is there, fetched where it had to be. */
export function whyNoOpenVino(): string | null {
  if (process.env['OPENVINO_PATH'] !== undefined) return null;
  const { status, stderr } = spawnSync('bash', [FETCH], { encoding: 'utf8' });
  return status === 0 ? null : `OpenVINO cannot be had: ${stderr.trim()}`;
}
