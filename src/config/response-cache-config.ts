/** ResponseCacheConfig: which answers of a model are kept for equal requests, and how many. Pure. */
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface ResponseCacheConfig {
  /** Of each version. */
  readonly maxBytes: number;
  /** 0: no limit. */
  readonly ttlSeconds: number;
  /** Inputs that count; empty: all. */
  readonly key: readonly string[];
}

/** The message's plain form; fields that are not set are absent. */
export interface ResponseCacheMessage {
  readonly max_bytes?: bigint;
  readonly ttl_seconds?: number;
  readonly key?: readonly string[];
}

const DEFAULT_BYTES = 64 << 20;
/** A hundred years: more is a mistake. */
const MAX_TTL_SECONDS = 3_155_760_000;

/** Null where there is no message. @throws ServingError INVALID_ARGUMENT */
export function responseCacheOf(
  name: string,
  message: ResponseCacheMessage | undefined,
): ResponseCacheConfig | null {
  if (message === undefined) return null;
  const { max_bytes: bytes = 0n, ttl_seconds: ttlSeconds = 0, key = [] } = message;
  if (bytes < 0n || bytes > Number.MAX_SAFE_INTEGER) {
    refuse(name, `max_bytes must be from 0 to ${Number.MAX_SAFE_INTEGER}, got ${bytes}`);
  }
  if (!(ttlSeconds >= 0 && ttlSeconds <= MAX_TTL_SECONDS)) {
    refuse(name, `ttl_seconds must be from 0 to ${MAX_TTL_SECONDS}, got ${ttlSeconds}`);
  }
  const twice = key.find((input, i) => key.indexOf(input) !== i);
  if (twice !== undefined) refuse(name, `key has input "${twice}" twice`);
  return { maxBytes: Number(bytes) || DEFAULT_BYTES, ttlSeconds, key };
}

export function responseCacheMessageOf(config: ResponseCacheConfig): ResponseCacheMessage {
  const { maxBytes, ttlSeconds, key } = config;
  return {
    max_bytes: BigInt(maxBytes),
    ...(ttlSeconds === 0 ? {} : { ttl_seconds: ttlSeconds }),
    ...(key.length === 0 ? {} : { key }),
  };
}

function refuse(name: string, what: string): never {
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    `The response_cache of model ${name}: ${what}`,
  );
}
