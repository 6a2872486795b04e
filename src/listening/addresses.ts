/** Where listeners listen: from what flags say to addresses, and back to texts for people. */
import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';

import { ServingError, StatusCode } from '../status/serving-error.js';

/** An IP address with a port, or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** Takes IPv4, too. */
const ANY_IPV6 = '::';
const ANY_IPV4 = '0.0.0.0';
/** There where the kernel knows IPv6. */
const IPV6_INTERFACES = '/proc/net/if_inet6';

/**
 * `hosts`: IP addresses or names, separated by commas; empty: all addresses, IPv4 and IPv6, as gRPC's core
 * takes upstream's 0.0.0.0. @throws ServingError INVALID_ARGUMENT for a name that is not known
 */
export async function addressesOf(
  flag: string,
  hosts: string,
  port: number,
): Promise<readonly Address[]> {
  const named = hosts
    .split(',')
    .map((host) => host.trim().replace(/^\[(.*)\]$/, '$1'))
    .filter((host) => host !== '');
  if (named.length === 0) {
    return [{ host: existsSync(IPV6_INTERFACES) ? ANY_IPV6 : ANY_IPV4, port }];
  }
  const found = await Promise.all(
    named.map((name) =>
      lookup(name, { all: true }).catch((cause: unknown) => {
        const message = `--${flag}: ${name}: ${ServingError.from(cause).message}`;
        throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
      }),
    ),
  );
  const unique = new Set(found.flat().map(({ address }) => address));
  return [...unique].map((host) => ({ host, port }));
}

/** `[::]:8501`, `127.0.0.1:8501` or `unix:/path`. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

export function addressTexts(addresses: readonly Address[]): string {
  return addresses.map(addressText).join(', ');
}
