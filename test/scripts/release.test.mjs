/** scripts/release: what a release needs in CHANGELOG.md, and what it says of its making. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changesOf } from '../../scripts/release/changelog.mjs';
import { provenance } from '../../scripts/release/provenance.mjs';
import { root } from './sandbox.mjs';

describe('the changelog', () => {
  const LOG = '# Changelog\n\n## 1.1.0 - 2026-01-02\n\n- new\n\n## 1.0.0 - 2026-01-01\n\n- old\n';

  it('has a section for the version', () => {
    assert.equal(changesOf(LOG, '1.1.0'), '## 1.1.0 - 2026-01-02\n\n- new\n');
  });

  it('stops a release of another version, without a date, or of nothing', () => {
    assert.throws(() => changesOf(LOG, '1.0.0'), /newest section is "## 1\.1\.0 .*version 1\.0\.0/);
    assert.throws(() => changesOf('# Changelog\n', '1.0.0'), /newest section is "",/);
    assert.throws(() => changesOf('## 1.0.0\n- x\n', '1.0.0'), /no date: "## 1\.0\.0 - YYYY/);
    assert.throws(() => changesOf('## 1.0.0 - 2026-01-01\n\n', '1.0.0'), /says nothing/);
  });

  it('of this checkout has one for its version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.match(changesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version), /^- /m);
  });
});

describe('the provenance of a release', () => {
  it('names the commit, the tools and the hashes of what is pinned', () => {
    const { source, tools, inputs } = provenance(['linux-x64-gnu']);
    assert.match(source.commit, /^[0-9a-f]{40}$|^$/);
    assert.equal(tools.node, process.versions.node);
    assert.match(tools.compiler ?? '', /^ziglang==\d/);
    for (const hash of Object.values(inputs)) assert.match(hash, /^[0-9a-f]{64}$/);
  });
});
