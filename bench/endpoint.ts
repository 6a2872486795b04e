/** Where a server is asked: an IP address and a port. */

export const LOOPBACK = '127.0.0.1';

export interface Endpoint {
  /** Numeric; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export function local(port: number): Endpoint {
  return { host: LOOPBACK, port };
}

/** HOST:PORT, as URLs and gRPC have it. */
export function addressOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
