import assert from 'node:assert/strict';

import {
  availabilityPreserving,
  resourcePreserving,
  type AspiredVersionPolicy,
  type PolicyVersion,
} from '../../../src/core/aspired-version-policy.js';
import { ServableState } from '../../../src/core/servable.js';

/**
 * `3 AVAILABLE` is wanted, `2 AVAILABLE -` is not; `4 START *` has been told to load. `~` marks the
 * shadow, `~-` one that is not wanted.
 */
function versionOf(text: string): PolicyVersion {
  const [version = '', state = '', mark] = text.split(' ');
  return {
    id: { version: BigInt(version) },
    state: ServableState[state as keyof typeof ServableState],
    aspired: mark?.endsWith('-') !== true,
    loadRequested: mark === '*',
    isShadow: mark?.startsWith('~') === true,
  };
}

function check(
  policy: AspiredVersionPolicy,
  cases: Record<string, [given: string[], expected: string]>,
): void {
  for (const [name, [given, expected]] of Object.entries(cases)) {
    it(name, () => {
      const action = policy(
        given.filter((text) => text !== 'more').map(versionOf),
        given.includes('more'),
      );
      assert.equal(
        action === null ? 'nothing' : `${action.kind} ${action.version.id.version}`,
        expected,
      );
    });
  }
}

describe('availabilityPreserving', () => {
  check(availabilityPreserving, {
    'loads the highest new version': [['1 AVAILABLE -', '2 START', '3 START'], 'load 3'],
    'does not ask twice for a load': [['1 AVAILABLE -', '2 START *'], 'nothing'],
    'unloads the lowest unwanted version once a wanted one is ready': [
      ['1 AVAILABLE -', '2 AVAILABLE -', '3 AVAILABLE'],
      'unload 1',
    ],
    'unloads before it loads': [['1 AVAILABLE -', '2 AVAILABLE', '3 START'], 'unload 1'],
    'unloads when nothing is wanted': [['1 AVAILABLE -', '2 LOADING -'], 'unload 1'],
    'keeps the last version while another is wanted that must wait': [
      ['1 AVAILABLE -', '2 LOADING -', 'more'],
      'nothing',
    ],
    'unloads one after the other, so that the last serves longest': [
      ['1 UNLOADING -', '2 AVAILABLE -'],
      'nothing',
    ],
    'does nothing when there is nothing to do': [['1 AVAILABLE'], 'nothing'],
    'keeps the old version while the new one is not ready': [
      ['1 AVAILABLE -', '2 LOADING'],
      'nothing',
    ],
    'keeps the old version when the new one failed': [['1 AVAILABLE -', '2 END'], 'nothing'],
    'unloads when a wanted one is ready though another is loading': [
      ['1 AVAILABLE -', '2 AVAILABLE', '3 LOADING'],
      'unload 1',
    ],
    'unloads when a wanted one is ready though another failed': [
      ['1 AVAILABLE -', '2 AVAILABLE', '3 END'],
      'unload 1',
    ],
    'keeps the old version though the shadow is ready': [
      ['1 AVAILABLE -', '2 LOADING', '3 AVAILABLE ~'],
      'nothing',
    ],
    'unloads a shadow that is not wanted any more': [['1 AVAILABLE', '3 AVAILABLE ~-'], 'unload 3'],
    'loads what answers before the shadow': [['2 START', '3 START ~'], 'load 2'],
    'loads the shadow when nothing else is to be loaded': [['2 START *', '3 START ~'], 'load 3'],
    'unloads all when only the shadow is wanted': [['1 AVAILABLE -', '3 AVAILABLE ~'], 'unload 1'],
    'lets several unwanted versions shrink to one': [
      ['1 AVAILABLE -', '2 AVAILABLE -', '3 LOADING'],
      'unload 1',
    ],
  });
});

describe('resourcePreserving', () => {
  check(resourcePreserving, {
    'unloads the lowest unwanted version first': [
      ['1 AVAILABLE -', '2 AVAILABLE -', '3 START'],
      'unload 1',
    ],
    'loads the highest new version when none is left to unload': [
      ['2 START', '3 START', '1 END -'],
      'load 3',
    ],
    'does not load while another is still unloading': [['1 UNLOADING -', '2 START'], 'nothing'],
    'does not load while an unwanted one is still loading': [['1 LOADING -', '2 START'], 'nothing'],
    'loads when the unwanted one failed': [['1 END -', '2 START'], 'load 2'],
  });
});
