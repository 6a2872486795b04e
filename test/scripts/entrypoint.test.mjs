/** deploy/entrypoint.sh, the images' entry point. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ended, root, Sandbox } from './sandbox.mjs';

describe('entrypoint.sh', () => {
  it("passes upstream's flags and further arguments, and becomes the server", async () => {
    const sandbox = new Sandbox();
    try {
      sandbox.stub('tensorflow_model_server', 'echo "pid $$"; printf "%s\\n" "$@"');
      Object.assign(sandbox.env, { MODEL_NAME: 'my model', MODEL_BASE_PATH: '/models' });
      const child = sandbox.start(
        join(root, 'deploy', 'entrypoint.sh'),
        '--enable_batching',
        'a b',
      );
      const { stdout } = await ended(child);
      assert.deepEqual(stdout.trimEnd().split('\n'), [
        `pid ${child.pid}`,
        '--port=8500',
        '--rest_api_port=8501',
        '--model_name=my model',
        '--model_base_path=/models/my model',
        '--enable_batching',
        'a b',
      ]);
    } finally {
      sandbox.remove();
    }
  });
});
