/** What a case of the conformance table is: one behaviour, as one request on each transport it names. */

/** Compared exactly, or by a part where upstream's own tests look at a part only. */
export type Text = string | { readonly contains: string };

export type GrpcMethod =
  | 'Predict'
  | 'Classify'
  | 'Regress'
  | 'MultiInference'
  | 'GetModelMetadata'
  | 'GetModelStatus'
  | 'HandleReloadConfigRequest';

export interface GrpcCase {
  readonly method: GrpcMethod;
  /** As protobufjs takes it; field names as in the .proto files. */
  readonly request: object;
  readonly expect:
    | { readonly reply: object }
    | { readonly code: number; readonly message: Text }
    /** The names of the signatures in the reply to GetModelMetadata, and its model_spec. */
    | { readonly model_spec: object; readonly signatures: readonly string[] };
}

export interface RestCase {
  readonly method: string;
  /** The request's target, sent as it stands. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: {
    readonly status: number;
    /** The exact body. */
    readonly body?: Text;
    /** The body read as JSON, in any layout and order. */
    readonly json?: unknown;
    /** The message of an error body, which is otherwise compared byte for byte. */
    readonly error?: Text;
    /** All headers of the answer but those of every HTTP answer, such as Date and Content-Length. */
    readonly headers?: Readonly<Record<string, string>>;
  };
}

export interface Case {
  /** `<section> / <line of the checklist>: <what is asked>` */
  readonly title: string;
  /** A key of MODELS. */
  readonly model: string;
  /** A key of SETUPS: a server with a configuration file. */
  readonly setup?: string;
  readonly flags?: readonly string[];
  /** Why the server does not answer so yet: the case is pending. */
  readonly notYet?: string;
  readonly grpc?: GrpcCase;
  readonly rest?: RestCase;
}

/** Cases of one section that mostly use one model. */
export function section(name: string, model: string, cases: readonly PartialCase[]): Case[] {
  return cases.map(({ title, ...rest }) => ({ title: `${name} / ${title}`, model, ...rest }));
}

export type PartialCase = Omit<Case, 'model'> & { readonly model?: string };
