/** Versions that are there whole at once, so that a server need not wait for their files to rest. */
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Of a server whose versions come by `putVersion`, or before it starts. */
export const TAKEN_AT_ONCE = '--version_settle_millis=0';

/** A copy of the folder `source`, as the version whose folder is `target`, below the system's temporary folder. */
export function putVersion(source: string, target: string): void {
  const draft = mkdtempSync(join(tmpdir(), 'tensorgate-version-'));
  cpSync(source, join(draft, 'whole'), { recursive: true });
  mkdirSync(dirname(target), { recursive: true });
  renameSync(join(draft, 'whole'), target);
  rmSync(draft, { recursive: true });
}
