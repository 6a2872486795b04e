/**
 * Connections that live long, behind a balancer that hands them out and sees no requests, as a Service of Kubernetes
 * does, and channels whose clients balance by themselves.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { failureText, streamTable } from '../live/report.js';
import { startStreams, type RunningStreams, type Stream } from '../live/streams.js';
import { IS_WHOLE } from './harness.js';
import { HAPROXY } from './replicas/balancers.js';
import { Callers, streamsOf, withRetries } from './replicas/load.js';
import { Replica } from './replicas/replica.js';
import { RunningBalancer } from './replicas/running-balancer.js';

const MODEL = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));
const RATE = IS_WHOLE ? 2000 : 200;
const MOST_SECONDS = 120;
const CHANNELS = 6;
const REPLICAS = 3;
const FLAGS = [
  '--model_name=m',
  `--model_base_path=${MODEL}`,
  '--grpc_channel_arguments=grpc.max_connection_age_ms=1000',
  '--drain_wait_seconds=3',
];
/**
 * grpc-js itself tries a call again once where its connection was told to end before the call was sent. All connections end
 * each second here, so that it may happen twice.
 */
const RETRIES = withRetries();
const ROUND_ROBIN = withRetries({ loadBalancingConfig: [{ round_robin: {} }] });

describe('Long-lived connections', function () {
  this.timeout(IS_WHOLE ? 120_000 : 60_000);
  let folder = '';
  let replicas: readonly Replica[] = [];
  let streams: readonly Stream[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-channels-'));
    replicas = await Replica.several(REPLICAS, FLAGS, folder);
    await replicas[0]?.start();
    streams = await streamsOf('m', replicas[0] as Replica);
  });
  after(async () => {
    await Promise.all(replicas.map((replica) => replica.end()));
    rmSync(folder, { recursive: true });
  });

  /** Starts those that do not run. */
  async function startAll(): Promise<void> {
    await Promise.all(replicas.filter(({ isRunning }) => !isRunning).map((each) => each.start()));
  }

  /** One by one, each as soon as the one before has requests again; in short only one. */
  async function replaceAll(): Promise<void> {
    for (const replica of IS_WHOLE ? replicas : replicas.slice(0, 1)) {
      await replica.stop();
      await replica.start();
      await replica.untilAsked();
    }
  }

  /** With HAProxy by connections, before the replicas of which so many run. */
  function itBehind(
    running: number,
    title: string,
    body: (balancer: RunningBalancer) => Promise<void>,
  ): void {
    it(title, async function () {
      if (HAPROXY.program() === null) {
        Object.assign(this.test ?? {}, { skipReason: 'there is no HAProxy' });
        this.skip();
      }
      if (running === REPLICAS) await startAll();
      const file = 'haproxy/tcp.cfg';
      const balancer = await RunningBalancer.start(HAPROXY, replicas, folder, { file });
      try {
        await balancer.untilUp(running);
        await body(balancer);
      } finally {
        await balancer.stop();
      }
    });
  }

  async function checkNoneFailed(load: RunningStreams): Promise<void> {
    const figures = await load.end();
    console.log(streamTable(figures));
    assert.equal(failureText(figures, replicas.map(({ log }) => log).join('')), '');
    assert.ok(figures.every(({ requests }) => requests > 0));
  }

  async function checkNoCallFailed(channels: readonly Callers[]): Promise<void> {
    const ended = await Promise.all(channels.map((channel) => channel.end()));
    const failures = ended.flatMap((each) => each.failures);
    assert.deepEqual(failures, []);
    assert.ok(ended.every(({ answered }) => answered > 0));
  }

  itBehind(1, 'come to replicas that are added, and no call fails', async (balancer) => {
    const [first, ...later] = replicas as [Replica, ...Replica[]];
    const grpc = streams.filter(({ transport }) => transport === 'grpc');
    const load = startStreams(balancer, grpc, RATE, MOST_SECONDS);
    const { grpcAddress } = balancer;
    const channels = Array.from({ length: CHANNELS }, () => new Callers(grpcAddress, 'm', RETRIES));
    await first.untilAsked();
    for (const replica of later) {
      await replica.start();
      await replica.untilAsked();
    }
    await checkNoCallFailed(channels);
    await checkNoneFailed(load);
  });

  itBehind(REPLICAS, 'leave replicas that are replaced, and no request fails', async (balancer) => {
    const load = startStreams(balancer, streams, RATE, MOST_SECONDS);
    await replaceAll();
    await checkNoneFailed(load);
  });

  it('of clients that balance by themselves leave them, too', async () => {
    await startAll();
    const addresses = replicas.map(({ grpcAddress }) => grpcAddress).join(',');
    const client = new Callers(`ipv4:${addresses}`, 'm', ROUND_ROBIN);
    await Promise.all(replicas.map((replica) => replica.untilAsked()));
    await replaceAll();
    await checkNoCallFailed([client]);
  });
});
