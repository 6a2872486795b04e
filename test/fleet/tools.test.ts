/** The pinned tools start at all: the files beside this one rest on them. */
import { outputOf } from '../clients/programs.js';
import { pipTool } from './harness.js';

describe('tools of the fleet', () => {
  for (const name of ['envoy', 'hadolint'])
    it(name, async () => {
      await outputOf(pipTool(name), ['--version']);
    });
});
