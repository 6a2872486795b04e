/** --refuse_ops: which ops its sets and names stand for. */
import assert from 'node:assert/strict';

import { refusedOpsOf } from '../../../src/config/refused-ops.js';
import { StatusCode } from '../../../src/status/serving-error.js';

describe('refusedOpsOf', () => {
  it('gives nothing for nothing, and names as they are, once', () => {
    assert.deepEqual(refusedOpsOf(''), []);
    assert.deepEqual(refusedOpsOf('MatMul,,Text>Op,MatMul,_Own'), ['MatMul', 'Text>Op', '_Own']);
  });

  it('has what reads and writes files in one set, what opens connections in the other', () => {
    const file = refusedOpsOf('file');
    for (const op of ['ReadFile', 'WriteFile', 'SaveV2', 'RestoreV2', 'TFRecordDatasetV2']) {
      assert.ok(file.includes(op), op);
    }
    assert.ok(file.includes('PrintV2 output_stream file:'));
    assert.ok(!file.includes('RpcCall'));
    const network = refusedOpsOf('network');
    assert.ok(network.includes('RpcCall') && !network.includes('ReadFile'));
    assert.deepEqual(refusedOpsOf('file,network'), [...new Set([...file, ...network])]);
  });

  it('refuses what is neither a set nor an op', () => {
    for (const wrong of ['files', 'matMul', 'A B', 'file ']) {
      assert.throws(() => refusedOpsOf(wrong), {
        code: StatusCode.INVALID_ARGUMENT,
        message: `--refuse_ops takes sets (file, network) and names of ops, got ${wrong}`,
      });
    }
  });
});
