/**
 * Surface: what listeners offer beside what every client is given. Plain data: I/O threads are sent it.
 */
import type { Flags } from '../config/flag-table.js';

export interface Surface {
  readonly admin: boolean;
  readonly reload: boolean;
  readonly sessionRun: boolean;
  readonly profiler: boolean;
}

/** With an admin port, what faces clients has none of what is there but what upstream has there, too. */
export function publicSurface(flags: Flags): Surface {
  const isAlone = flags.admin_port === 0;
  return {
    admin: isAlone && flags.enable_admin_api,
    reload: flags.allow_reload_on_public_port,
    sessionRun: isAlone && flags.enable_session_run,
    profiler: isAlone && flags.enable_profiler,
  };
}

/** Of the admin port. */
export function adminSurface(flags: Flags): Surface {
  const { enable_session_run: sessionRun, enable_profiler: profiler } = flags;
  return { admin: true, reload: true, sessionRun, profiler };
}
