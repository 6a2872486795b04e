/** The addon's access control: one for the process, asked by its transports and from here. */

/** As AccessMethod of binding/access/access_control.h; added up in grants. */
export const AccessMethod = { infer: 1, read: 2, admin: 4 } as const;
export type AccessMethod = (typeof AccessMethod)[keyof typeof AccessMethod];

/** Whose access control is asked, as AccessSurface of binding/napi/process.h. */
export const AccessSurface = { public: 0, admin: 1 } as const;
export type AccessSurface = (typeof AccessSurface)[keyof typeof AccessSurface];

/** As AccessVerdict. */
export const AccessVerdict = {
  admitted: 0,
  unauthenticated: 1,
  denied: 2,
  tooFast: 3,
  tooMany: 4,
} as const;

/** 0: no limit. */
export interface NativeLimit {
  readonly perSecond: number;
  readonly burst: number;
  readonly atOnce: number;
}

export interface NativePrincipal {
  readonly name: string;
  /** [pattern of models' names, methods, …] */
  readonly grants: readonly (string | number)[];
  readonly limit: NativeLimit;
}

export interface NativePolicy {
  readonly principals: readonly NativePrincipal[];
  /** [SHA-256, index of a principal, …] */
  readonly credentials: readonly (Uint8Array | number)[];
  /** False: anybody may do everything, within the limits. */
  readonly authenticates: boolean;
  /** Index of the principal of requests without credentials; −1: they are refused. */
  readonly anonymous: number;
  /** [name, limit, …] */
  readonly models: readonly (string | NativeLimit)[];
  readonly all: NativeLimit;
}

/** `scope`: 0 the server's, 1 the principal's, 2 the model's limit. */
export type NativeRefusal = readonly [
  verdict: number,
  waitMillis: number,
  scope: number,
  perSecond: number,
  atOnce: number,
];

export interface NativeAccess {
  /** Whether `name` is of the pattern of a grant. The time it takes grows with the product of their lengths. */
  accessMatches(pattern: string, name: string): boolean;
  accessConfigure(surface: AccessSurface, policy: NativePolicy): void;
  /** Of digests of 32 bytes each, the first that is known; of none, those without. 0: nobody. */
  accessFind(surface: AccessSurface, digests: Uint8Array): number;
  /** Has `digest` known as the principal's. */
  accessLearn(
    surface: AccessSurface,
    digest: Uint8Array,
    principal: NativePrincipal,
    lifetimeMillis: number,
  ): number;
  /** For the log; empty where nobody is known by that number. */
  accessName(surface: AccessSurface, principal: number): string;
  accessMay(
    surface: AccessSurface,
    principal: number,
    method: AccessMethod,
    model: string,
  ): boolean;
  /** A ticket to be released, or 0; or why not. */
  accessAdmit(
    surface: AccessSurface,
    principal: number,
    method: AccessMethod,
    model: string,
  ): number | NativeRefusal;
  accessRelease(ticket: number): void;
  /** Requests refused since the start, by AccessVerdict. */
  accessRefused(surface: AccessSurface): readonly number[];
}
