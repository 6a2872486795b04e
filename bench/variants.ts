/** The servers under test that one run compares: tensorgate with different flags. */
import type { ServerCase } from './cases.js';

export interface Variant {
  /** As the tables show it. */
  readonly name: string;
  readonly flags: readonly string[];
  /** Differs from one before in its gRPC transport alone: REST is not asked again. */
  readonly grpcOnly: boolean;
  /** Of its gRPC; null: whatever the server takes by default. */
  readonly grpcTransport: string | null;
}

/** Every combination of what is listed; an empty list leaves the flag to the server. */
export function variantsOf(asked: {
  readonly plans: readonly string[];
  readonly transports: readonly string[];
  /** Flags as in a shell, parted by blanks. */
  readonly serverFlags: readonly string[];
}): Variant[] {
  return optional(asked.serverFlags).flatMap((text) =>
    optional(asked.plans).flatMap((plan) =>
      optional(asked.transports).map((transport, index): Variant => {
        const names = [plan, transport, text].filter((name) => name !== null && name !== '');
        return {
          name: names.join(', ') || 'tensorgate',
          flags: [
            ...(plan === null ? [] : [`--plan=${plan}`]),
            ...(transport === null ? [] : [`--grpc_transport=${transport}`]),
            ...(text ?? '').split(/\s+/).filter((flag) => flag !== ''),
          ],
          grpcOnly: index > 0,
          grpcTransport: transport,
        };
      }),
    ),
  );
}

export function takesPart(variant: Variant, one: Pick<ServerCase, 'transport'>): boolean {
  return one.transport === 'grpc' || !variant.grpcOnly;
}

function optional(list: readonly string[]): readonly (string | null)[] {
  return list.length === 0 ? [null] : list;
}
