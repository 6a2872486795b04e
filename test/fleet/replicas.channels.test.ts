/**
 * gRPC channels that live long, behind a balancer that hands out connections and sees no calls, as a Service of
 * Kubernetes does: they find replicas that have come later where connections have a greatest age.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { failureText, streamTable } from '../live/report.js';
import { startStreams } from '../live/streams.js';
import { IS_WHOLE } from './harness.js';
import { HAPROXY } from './replicas/balancers.js';
import { Callers, streamsOf } from './replicas/load.js';
import { Replica } from './replicas/replica.js';
import { RunningBalancer } from './replicas/running-balancer.js';

const MODEL = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));
const RATE = IS_WHOLE ? 2000 : 200;
const MOST_SECONDS = 60;
const CHANNELS = 6;
const MAX_AGE = '--grpc_channel_arguments=grpc.max_connection_age_ms=1000';

describe('gRPC channels that live long', function () {
  this.timeout(60_000);

  it('come to replicas that are added, and no call fails', async function () {
    if (HAPROXY.program() === null) {
      Object.assign(this.test ?? {}, { skipReason: 'there is no HAProxy' });
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-channels-'));
    const flags = ['--model_name=m', `--model_base_path=${MODEL}`, MAX_AGE];
    const replicas = await Replica.several(3, flags, folder);
    const [first, ...later] = replicas as [Replica, ...Replica[]];
    await first.start();
    const balancer = await RunningBalancer.start(HAPROXY, replicas, folder, {
      file: 'haproxy/tcp.cfg',
    });
    try {
      await balancer.untilUp(1);
      const grpc = (await streamsOf('m', first)).filter(({ transport }) => transport === 'grpc');
      const load = startStreams(balancer, grpc, RATE, MOST_SECONDS);
      const channels = Array.from(
        { length: CHANNELS },
        () => new Callers(balancer.grpcAddress, 'm'),
      );
      await first.untilAsked();
      for (const replica of later) {
        await replica.start();
        await replica.untilAsked();
      }
      const ended = await Promise.all(channels.map((channel) => channel.end()));
      const figures = await load.end();
      console.log(streamTable(figures));
      assert.equal(failureText(figures, ''), '');
      assert.deepEqual(
        ended.flatMap(({ failures }) => failures),
        [],
      );
      assert.ok(ended.every(({ answered }) => answered > 0));
    } finally {
      await balancer.stop();
      await Promise.all(replicas.map((replica) => replica.end()));
      rmSync(folder, { recursive: true });
    }
  });
});
