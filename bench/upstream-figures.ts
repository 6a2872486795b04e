/**
 * What TensorFlow Serving 2.20 did in some of the cases: constants, measured once, on another machine's run,
 * with the server on one core as here (docs/bench.md says more). They tell how things compare, not by how
 * much: for that, run the bench with --against your own.
 */
export interface UpstreamFigures {
  readonly rps: number;
  /** Null where it was not noted. */
  readonly p50_us: number | null;
}

/** By the name of the case, see cases.ts and model-cases.ts. */
const FIGURES: Readonly<Record<string, UpstreamFigures>> = {
  'REST half_plus_two, 1 connection': { rps: 5560, p50_us: 175 },
  'REST half_plus_two, 32 connections': { rps: 12_400, p50_us: 2540 },
  'gRPC half_plus_two, 1 in flight': { rps: 8340, p50_us: 113 },
  'gRPC half_plus_two, 32 in flight': { rps: 12_030, p50_us: 2650 },
  'REST keras_mlp_256, 32 connections': { rps: 6740, p50_us: 4700 },
  'gRPC keras_mlp_256, 32 in flight': { rps: 7340, p50_us: 4500 },
  'REST mobilenet_v2, 1 connection': { rps: 52.9, p50_us: 18_300 },
  'gRPC mobilenet_v2, 1 in flight': { rps: 88.6, p50_us: 11_300 },
  'gRPC resnet50, 1 in flight': { rps: 15.5, p50_us: 63_400 },
  'gRPC keras_transformer, 1 in flight': { rps: 141, p50_us: 7000 },
};

/** UNITS: bytes resident with the five models of the models part. */
export const UPSTREAM_RESIDENT_BYTES = 931e6;

/** A name may say how large the request is; that does not make it another case. */
export function upstreamFigures(caseName: string): UpstreamFigures | null {
  return FIGURES[caseName.replace(/ \([^)]*\)/, '')] ?? null;
}
