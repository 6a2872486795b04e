import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { prepareSocketPath } from '../../../src/listening/unix-socket.js';
import { StatusCode } from '../../../src/status/serving-error.js';

/** A process that binds the path and dies without a word. */
const KILLED = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))`;

describe('prepareSocketPath', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-unit-'));
    path = join(folder, 'socket');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has nothing to do where nothing is', async () => {
    await prepareSocketPath(path);
  });

  it('removes the socket of a process that was killed', async () => {
    spawnSync(process.execPath, ['-e', KILLED, path]);
    assert.ok(existsSync(path));
    await prepareSocketPath(path);
    assert.ok(!existsSync(path));
  });

  it('leaves one on which somebody answers', async () => {
    const server = createServer().listen(path);
    await once(server, 'listening');
    await assert.rejects(prepareSocketPath(path), { code: StatusCode.UNAVAILABLE });
    assert.ok(existsSync(path));
    server.close();
  });

  it('leaves what is no socket', async () => {
    writeFileSync(path, '');
    await prepareSocketPath(path);
    assert.ok(existsSync(path));
  });

  it('refuses a path that the kernel would cut', async () => {
    await assert.rejects(prepareSocketPath(join(folder, 'x'.repeat(100))), {
      code: StatusCode.INVALID_ARGUMENT,
      message: /has at most 107 bytes, .* has \d{3}$/,
    });
  });
});
