import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/defaults', import.meta.url));

describe('Model metadata over REST', () => {
  it('prints the defaults of a signature', async () => {
    const server = await ServerProcess.start('m', MODEL);
    const response = await fetch(`${server.restUrl}/v1/models/m/versions/1/metadata`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    const text = await response.text();
    assert.ok(
      text.startsWith(
        '{\n"model_spec":{\n "name": "m",\n "version": "1",\n "signature_name": ""\n}\n,\n' +
          '"metadata": {"signature_def": {\n "signature_def": {\n',
      ),
      text,
    );
    assert.ok(text.endsWith('\n }\n}\n}\n}\n'), text);
    const { metadata } = JSON.parse(text) as {
      metadata: {
        signature_def: { signature_def: Record<string, { defaults: Record<string, object> }> };
      };
    };
    const defaults = metadata.signature_def.signature_def['serving_default']?.defaults ?? {};
    assert.notDeepEqual(defaults, {});
    for (const tensor of Object.values(defaults)) {
      assert.deepEqual(Object.keys(tensor).slice(0, 3), [
        'dtype',
        'tensor_shape',
        'version_number',
      ]);
      assert.equal(Object.keys(tensor).length, 18);
    }
    assert.equal((await server.stop()).code, 0);
  });
});
