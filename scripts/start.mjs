/** npm start: sets everything up, then becomes the server. The server's flags follow `npm start --`. */
import { exitWith, setup } from './setup.mjs';
import { ensureOpenVino } from './setup/openvino.mjs';
import { ensureOps } from './setup/ops.mjs';

try {
  process.env.TENSORGATE_ADDON = await setup({ sources: 'server' });
} catch (error) {
  exitWith(error);
}
const { main } = await import('../dist/src/cli/main.js');
await main(process.argv.slice(2), {
  program: 'npm start --',
  demo: true,
  prepare: (ops) => ensureOps(ops).catch(exitWith),
  openVino: ensureOpenVino,
});
