import assert from 'node:assert/strict';

import { FreedMemory } from '../../../src/native/freed-memory.js';

const MIB = 1 << 20;

/** A process of 300 MiB that does nothing, and what is done to it. */
class FakeProcess {
  resident = 300 * MIB;
  buffers = 0;
  cpu = 0;
  collections = 0;
  readonly releases: (() => void)[] = [];
  readonly memory: FreedMemory;

  constructor(releases = true) {
    this.memory = new FreedMemory({
      residentBytes: () => this.resident,
      bufferBytes: () => this.buffers,
      cpuMicros: () => this.cpu,
      collectGarbage: () => ++this.collections,
      release: releases ? (done) => this.releases.push(done) : null,
    });
  }

  /** Each release is over at once, and brings nothing. */
  ticksAnswered(count: number): void {
    for (let i = 0; i < count; ++i) {
      const before = this.releases.length;
      this.ticks(1);
      if (this.releases.length > before) this.releases.at(-1)?.();
    }
  }

  ticks(count: number, cpuMicros = 0): void {
    for (let i = 0; i < count; ++i) {
      this.cpu += cpuMicros;
      this.memory.tick();
    }
  }
}

describe('FreedMemory', () => {
  it('leaves a process alone that has not grown by much', () => {
    const fake = new FakeProcess();
    fake.resident += 15 * MIB;
    fake.buffers = 15 * MIB;
    fake.ticks(1000);
    assert.equal(fake.collections, 0);
    assert.equal(fake.releases.length, 0);
  });

  it('collects buffers first, then has malloc give back, once', () => {
    const fake = new FakeProcess();
    fake.resident += 1024 * MIB;
    fake.buffers = 1024 * MIB;
    fake.ticks(1);
    assert.equal(fake.collections, 1);
    assert.equal(fake.releases.length, 0);
    fake.buffers = 0;
    fake.ticks(5);
    assert.equal(fake.releases.length, 1, 'not again while it is under way');
    fake.resident = 310 * MIB;
    fake.releases[0]?.();
    fake.ticks(1000);
    assert.equal(fake.collections, 1);
    assert.equal(fake.releases.length, 1);
  });

  it('waits until the process is idle, but not for ever', () => {
    const fake = new FakeProcess();
    fake.resident += 200 * MIB;
    fake.buffers = 200 * MIB;
    fake.ticks(1000, 500_000);
    assert.equal(fake.collections, 0, 'V8 does so by itself while things happen');
    assert.equal(fake.releases.length, 0);
    fake.resident += 200 * MIB;
    fake.ticks(1, 500_000);
    assert.equal(fake.releases.length, 1);
    fake.releases[0]?.();
    fake.resident += 500 * MIB;
    fake.ticks(59, 500_000);
    assert.equal(fake.releases.length, 1, 'a minute apart');
    fake.ticks(1, 500_000);
    assert.equal(fake.releases.length, 2);
  });

  it('does not try at each tick for buffers that are in use, nor forgets them', () => {
    const fake = new FakeProcess();
    fake.buffers = 500 * MIB;
    fake.ticks(640);
    assert.ok(fake.collections > 8 && fake.collections < 20, String(fake.collections));
    fake.buffers = 0;
    fake.ticks(1);
    fake.buffers = 500 * MIB;
    const before = fake.collections;
    fake.ticks(1);
    assert.equal(fake.collections, before + 1);
  });

  it('sees memory that is held for long and then grows again from the least there was', () => {
    const fake = new FakeProcess();
    fake.resident = 1000 * MIB;
    fake.ticksAnswered(2000); // all of it is in use
    const tried = fake.releases.length;
    assert.ok(tried > 3 && tried < 10, String(tried));
    fake.ticksAnswered(2000);
    assert.equal(fake.releases.length, tried);
    fake.resident = 400 * MIB;
    fake.ticks(1);
    fake.resident = 480 * MIB;
    fake.ticks(1);
    assert.equal(fake.releases.length, tried + 1);
  });

  it('tries again what was not free yet', () => {
    const fake = new FakeProcess();
    fake.resident = 1000 * MIB;
    fake.ticksAnswered(1); // in the middle of a request
    fake.resident = 900 * MIB; // malloc has it now
    fake.ticksAnswered(9);
    assert.equal(fake.releases.length, 1);
    fake.ticks(11);
    assert.equal(fake.releases.length, 2);
    fake.resident = 310 * MIB;
    fake.releases[1]?.();
    fake.ticksAnswered(1000);
    assert.equal(fake.releases.length, 2);
  });

  it('only collects where another thread gives back', () => {
    const fake = new FakeProcess(/* releases */ false);
    fake.buffers = 100 * MIB;
    fake.resident += 100 * MIB;
    fake.ticks(1);
    assert.equal(fake.collections, 1);
  });
});
