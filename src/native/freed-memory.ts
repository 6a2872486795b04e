/**
 * FreedMemory: gives back to the system what large requests and answers took. Node's buffers stay until
 * V8 next collects garbage, which it does not while nothing happens, and malloc keeps what it is given
 * back. Looks once a second, acts while the process has next to nothing to do. Owns the timer.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { addon } from './addon.js';
import { call } from './calls.js';

const TICK_MILLIS = 1000;
/** Of a CPU; the process counts as idle below. */
const IDLE_SHARE = 0.1;
/** More than the tenth part of the least server there is. */
const LARGE_BYTES = 16 << 20;
/** What is not given back while requests come, at least not at once. */
const LARGE_WHILE_BUSY_BYTES = 256 << 20;
const TICKS_BETWEEN = 10;
const TICKS_BETWEEN_WHILE_BUSY = 60;
const MOST_TICKS_BETWEEN = 64;
/** Of releases that brought nothing: then what there is counts as in use. */
const MOST_TICKS_BETWEEN_RELEASES = 320;

/** What is looked at and done; for tests. */
export interface MemoryAccess {
  /** Of the process. */
  residentBytes(): number;
  /** Of this environment's buffers, those that the addon gave it, too. */
  bufferBytes(): number;
  /** That the process has had so far. */
  cpuMicros(): number;
  collectGarbage(): void;
  /** Null: another thread's business. */
  readonly release: ((done: () => void) => void) | null;
}

export class FreedMemory {
  readonly #access: MemoryAccess;
  #timer: NodeJS.Timeout | null = null;
  #cpuMicros: number;
  /** The least there was. */
  #leastBuffers: number;
  #ticksUntilCollection = 0;
  #ticksBetweenCollections = 1;
  /** What counts as in use: the least there was, or what releases do not get below. */
  #keptResident: number;
  /** What there was after the last release; less, where there was less since. */
  #releasedResident: number;
  #ticksSince = TICKS_BETWEEN_WHILE_BUSY;
  #ticksBetweenReleases = TICKS_BETWEEN;
  #releasing = false;

  constructor(access: MemoryAccess) {
    this.#access = access;
    this.#cpuMicros = access.cpuMicros();
    this.#leastBuffers = access.bufferBytes();
    this.#keptResident = access.residentBytes();
    this.#releasedResident = this.#keptResident;
  }

  /** Until stop(); does not keep the process alive. */
  start(): this {
    this.#timer ??= setInterval(() => this.tick(), TICK_MILLIS).unref();
    return this;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  tick(): void {
    const cpuMicros = this.#access.cpuMicros();
    const isIdle = cpuMicros - this.#cpuMicros < TICK_MILLIS * 1000 * IDLE_SHARE;
    this.#cpuMicros = cpuMicros;
    ++this.#ticksSince;
    // Freed buffers are freed by a thread of V8's: what they leave in malloc is for the next tick.
    if (!this.#collect(isIdle)) this.#release(isIdle);
  }

  /** Buffers that are in use, such as an answer that its client is slow to read, are not tried at every tick. */
  #collect(isIdle: boolean): boolean {
    const bytes = this.#access.bufferBytes();
    this.#leastBuffers = Math.min(this.#leastBuffers, bytes);
    if (bytes < this.#leastBuffers + LARGE_BYTES) {
      this.#ticksUntilCollection = 0;
      this.#ticksBetweenCollections = 1;
      return false;
    }
    if (--this.#ticksUntilCollection > 0 || !isIdle) return false;
    this.#access.collectGarbage();
    this.#ticksUntilCollection = this.#ticksBetweenCollections;
    this.#ticksBetweenCollections = Math.min(this.#ticksBetweenCollections * 2, MOST_TICKS_BETWEEN);
    return true;
  }

  #release(isIdle: boolean): void {
    const { release } = this.#access;
    if (release === null || this.#releasing) return;
    const bytes = this.#access.residentBytes();
    this.#keptResident = Math.min(this.#keptResident, bytes);
    if (bytes >= this.#releasedResident + LARGE_BYTES) this.#ticksBetweenReleases = TICKS_BETWEEN;
    this.#releasedResident = Math.min(this.#releasedResident, bytes);
    const grown = bytes - this.#keptResident;
    if (grown < (isIdle ? LARGE_BYTES : LARGE_WHILE_BUSY_BYTES)) return;
    const ticksBetween = isIdle ? this.#ticksBetweenReleases : TICKS_BETWEEN_WHILE_BUSY;
    if (this.#ticksSince < ticksBetween) return;
    this.#ticksSince = 0;
    this.#releasing = true;
    release(() => {
      this.#releasing = false;
      this.#released(bytes);
    });
  }

  /**
   * Where nothing came of it, it may have been too early: other threads free what they had in their own
   * time. So it is tried again, more and more rarely, before all that is there counts as in use.
   */
  #released(before: number): void {
    this.#releasedResident = this.#access.residentBytes();
    if (this.#releasedResident < before - LARGE_BYTES / 2) {
      this.#ticksBetweenReleases = TICKS_BETWEEN;
      return;
    }
    this.#ticksBetweenReleases *= 2;
    if (this.#ticksBetweenReleases > MOST_TICKS_BETWEEN_RELEASES) {
      this.#keptResident = this.#releasedResident;
      this.#ticksBetweenReleases = TICKS_BETWEEN;
    }
  }
}

/** `releases`: what malloc keeps, too, which is all threads'. */
export function freedMemory(releases: boolean): FreedMemory {
  let collectGarbage: (() => void) | null = null;
  return new FreedMemory({
    residentBytes: () => process.memoryUsage.rss(),
    bufferBytes: () => process.memoryUsage().external,
    cpuMicros: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    collectGarbage: () => {
      collectGarbage ??= garbageCollector();
      collectGarbage();
    },
    release: releases
      ? (done) => {
          call<void>(done, (slot) => addon().releaseFreed(slot));
        }
      : null,
  });
}

/** V8 offers it to tests only. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as unknown;
  setFlagsFromString('--no-expose-gc');
  return typeof collect === 'function' ? (collect as () => void) : () => undefined;
}
