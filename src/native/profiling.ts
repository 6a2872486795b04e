/** The part of the addon's surface that takes profiles; see binding/profile. */

/** A profile that openProfile() opened; it ends with its environment, too. */
declare const nativeProfile: unique symbol;
export interface NativeProfile {
  readonly [nativeProfile]: never;
}

export interface NativeProfileData {
  /** Serialized tensorflow.profiler.XSpace. */
  readonly xspace: Uint8Array;
  readonly runs: number;
  readonly ops: number;
  /** Runs that came when the profile was full. */
  readonly leftOut: number;
}

export interface NativeProfiling {
  /**
   * From now on TensorFlow times the ops of all runs of requests in the process, of `model` alone where
   * it is not empty. Null where another profile is open. See binding/profile/profile_session.h.
   */
  openProfile(options: {
    readonly id: string;
    readonly model: string;
    readonly ops: number;
    readonly bytes: number;
  }): NativeProfile | null;
  /** Whether terminateProfile() was called with its id, by whichever thread. */
  isTerminated(profile: NativeProfile): boolean;
  terminateProfile(id: string): boolean;
  /** It takes no more; what it has that was not written is gone. */
  endProfile(profile: NativeProfile): void;
  /** Ends it; answered with a NativeProfileData. Once for a profile. */
  writeProfile(slot: number, profile: NativeProfile): void;
}
