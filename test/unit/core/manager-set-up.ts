/** What the tests of the manager start from: puppets for loaders, a clock that stands still, and a record. */
import assert from 'node:assert/strict';

import { Manager } from '../../../src/core/manager.js';
import { ServableState, type ServableId } from '../../../src/core/servable.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';
import { FakeClock, PuppetLoader, settled } from './puppet-loader.js';

/** A manager of model m whose loads end when the test says so; `seen` are the states, `failures` what was told. */
export function setUp(maxLoadRetries = 0, shadowOf: () => bigint | null = () => null) {
  const loaders = new Map<bigint, PuppetLoader>();
  const seen: string[] = [];
  const failures: string[] = [];
  const clock = new FakeClock();
  const manager = new Manager<string>({
    loaderFor: (name, version) => {
      const loader = new PuppetLoader(`${name}:${version}`);
      loaders.set(version, loader);
      return loader;
    },
    maxLoadRetries,
    loadRetryIntervalMillis: 60_000,
    clock,
    shadowOf,
    onFailure: ({ version }, { error, ...failure }) => {
      const what =
        failure.kind === 'load'
          ? `${error.message}, attempt ${failure.attempt} of ${failure.attempts}, next at ${failure.nextMillis}`
          : `${failure.kind}, ${error.message}`;
      failures.push(`${version}: ${what}`);
    },
    onRetry: ({ version }, retry) => failures.push(`retry ${retry} of ${version}`),
    onState: (id: ServableId, state) => {
      const name = Object.entries(ServableState).find(([, number]) => number === state)?.[0];
      seen.push(`${id.version} ${name}`);
    },
  });
  const aspire = async (...versions: bigint[]): Promise<void> => {
    manager.aspire(
      'm',
      versions.map((version) => ({ version, path: `/m/${version}` })),
    );
    await settled();
  };
  const loader = (version: bigint): PuppetLoader => {
    const found = loaders.get(version);
    assert.ok(found, `no loader was made for version ${version}`);
    return found;
  };
  return { manager, aspire, loader, seen, clock, failures };
}

/** For assert.throws: NOT_FOUND with that message. */
export function notFound(message: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServingError);
    assert.equal(error.code, StatusCode.NOT_FOUND);
    assert.equal(error.message, message);
    return true;
  };
}
