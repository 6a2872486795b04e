/**
 * Which CPUs the parts of a measurement get: the server one, the client another, so that neither
 * takes the other's time. On a machine with one CPU they share it, and the figures say so.
 */
import { readFileSync } from 'node:fs';

export interface Cores {
  readonly server: number;
  readonly client: number;
  readonly shared: boolean;
}

/** Those that this process may use. */
export function allowedCpus(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0');
}

export function chooseCores(): Cores {
  const allowed = allowedCpus();
  const server = allowed[0] ?? 0;
  const client = allowed[1] ?? server;
  return { server, client, shared: server === client };
}

/** "0-2,5" is 0, 1, 2 and 5. */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const [first, last] = range.split('-').map(Number);
    if (first === undefined || Number.isNaN(first)) return [];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i);
  });
}
