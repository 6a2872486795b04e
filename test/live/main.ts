/**
 * npm run live: the live measurements in full, where `npm test` has a short form of the first.
 *   -- --seconds=60 --rate=5000    how long versions change, under how many requests a second
 *   -- --reloads=200 --loads=20    of a 30 MiB model, watching memory; of a 200 MiB model, watching latency
 *   -- --part=versions,heavy,memory
 *   -- --server_flags='--engine=openvino'    with these, too
 * Exits with 1 where a request failed, or memory climbed.
 */
import { parseArgs } from 'node:util';

import { climbOf } from '../integration/climb.js';
import { loadBesideRequests, memoryOverReloads } from './heavy-model.js';
import { changeUnderLoad } from './versions.js';

const QUIET_SECONDS = 10;
const MOST_CLIMB_PERCENT = 5;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '5000' },
    reloads: { type: 'string', default: '200' },
    loads: { type: 'string', default: '20' },
    part: { type: 'string', default: 'versions,heavy,memory' },
    server_flags: { type: 'string', default: '' },
  },
});

const flags = values.server_flags.split(/\s+/).filter((flag) => flag !== '');

const PARTS: Readonly<Record<string, () => Promise<string>>> = {
  versions: async () => {
    const { failures, requests, changes } = await changeUnderLoad(
      Number(values.rate),
      QUIET_SECONDS,
      Number(values.seconds),
      flags,
    );
    console.log(`${requests} requests answered; logged meanwhile: ${JSON.stringify(changes)}`);
    return failures;
  },
  heavy: () => loadBesideRequests(200, Number(values.loads), 1000, QUIET_SECONDS, flags),
  memory: async () => {
    const { failures, curve } = await memoryOverReloads(30, Number(values.reloads), flags);
    const { mib, percent } = climbOf(curve, Math.ceil(curve.length / 10));
    const climb = `from the earlier to the later half of them it went up ${mib} MiB, ${percent.toFixed(1)} %`;
    console.log(`MiB resident after each reload of 30 MiB: ${curve.join(' ')}\n${climb}`);
    if (failures === '' && percent > MOST_CLIMB_PERCENT) return `memory is not flat: ${climb}`;
    return failures;
  },
};

let failed = false;
for (const name of values.part.split(',')) {
  const part = PARTS[name];
  if (part === undefined)
    throw new Error(`no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
  console.log(`\n=== ${name}`);
  const failures = await part();
  console.log(failures === '' ? 'no request failed' : failures);
  failed ||= failures !== '';
}
process.exitCode = failed ? 1 : 0;
