/**
 * Three servers behind each balancer, with the configurations of deploy/: replicas are replaced, hang and are killed
 * under a load that goes on at its rate whatever happens, and no request fails.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { failureText, streamTable } from '../live/report.js';
import { startStreams, type Stream } from '../live/streams.js';
import { IS_WHOLE } from './harness.js';
import { BALANCERS, type Balancer, type Retries } from './replicas/balancers.js';
import { Callers, streamsOf, withRetries } from './replicas/load.js';
import { Replica } from './replicas/replica.js';
import { RunningBalancer } from './replicas/running-balancer.js';

const MODEL = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));
/** Requests a second, of both protocols together. */
const RATE = IS_WHOLE ? 2000 : 200;
const MOST_SECONDS = 120;
/** More than the balancers take to see that a replica is not ready: two checks, a second apart. */
const DRAIN_WAIT = '--drain_wait_seconds=3';
const REPLICAS = 3;
/** What a stream may have under way at once. */
const MOST_HELD = 32;

describe('Replicas', function () {
  this.timeout(IS_WHOLE ? 180_000 : 60_000);
  let folder = '';
  let streams: readonly Stream[] = [];
  let replicas: readonly Replica[] = [];
  const logs = (): string => replicas.map(({ log }) => log).join('');

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-replicas-'));
    const flags = ['--model_name=m', `--model_base_path=${MODEL}`, DRAIN_WAIT];
    replicas = await Replica.several(REPLICAS, flags, folder);
    await Promise.all(replicas.map((replica) => replica.start()));
    streams = await streamsOf('m', replicas[0] as Replica);
  });
  after(async () => {
    await Promise.all(replicas.map((replica) => replica.end()));
    rmSync(folder, { recursive: true });
  });

  /** Under load, what `during` does with the balancer. */
  function itBehind(
    balancer: Balancer,
    title: string,
    { retries = 'documented', kills = 0 }: { retries?: Retries; kills?: number },
    during: (running: RunningBalancer) => Promise<void>,
  ): void {
    it(title, async function () {
      if (balancer.program() === null) {
        Object.assign(this.test ?? {}, { skipReason: `there is no ${balancer.name}` });
        this.skip();
      }
      const running = await RunningBalancer.start(balancer, replicas, folder, { retries });
      try {
        await running.untilUp(REPLICAS);
        const load = startStreams(running, streams, RATE, MOST_SECONDS);
        const patient = new Callers(running.grpcAddress, 'm', withRetries());
        await Promise.all(replicas.map((replica) => replica.untilAsked()));
        await during(running);
        const figures = await load.end();
        const { answered, failures } = await patient.end();
        console.log(streamTable(figures));
        for (const figure of figures) {
          assert.ok(figure.requests > 0);
          const text = failureText([figure], logs());
          const isLeft = balancer.leavesCalls && figure.stream.transport === 'grpc';
          if (retries === 'unsent') assert.ok(figure.failed > 0, 'the replica held none');
          if (retries === 'unsent' || isLeft) assert.ok(figure.failed <= MOST_HELD * kills, text);
          else assert.equal(text, '');
        }
        assert.ok(answered > 0);
        assert.deepEqual(failures, []);
      } finally {
        await running.stop();
      }
    });
  }

  for (const balancer of BALANCERS) {
    describe(`behind ${balancer.name}`, () => {
      itBehind(balancer, 'are replaced one by one, and no request fails', {}, async (running) => {
        for (const replica of IS_WHOLE ? replicas : replicas.slice(0, 1)) {
          await replica.stop();
          await replica.start();
          await replica.untilAsked();
          await running.untilUp(REPLICAS);
        }
      });

      itBehind(
        balancer,
        'hang, are left out, and are killed, and no request fails',
        { kills: 1 },
        async (running) => {
          const [replica] = replicas as [Replica];
          replica.freeze();
          await running.untilLeftOut(REPLICAS);
          await replica.kill();
          await replica.start();
          await replica.untilAsked();
          await running.untilUp(REPLICAS);
        },
      );

      if (!IS_WHOLE) return;

      itBehind(
        balancer,
        'are killed at work, and no request fails',
        { kills: REPLICAS },
        async (running) => {
          for (const replica of replicas) {
            await replica.kill();
            await replica.start();
            await replica.untilAsked();
            await running.untilUp(REPLICAS);
          }
        },
      );

      itBehind(
        balancer,
        'that are killed fail what they hold, where only what was not sent is tried again',
        { retries: 'unsent', kills: 1 },
        async (running) => {
          const [replica] = replicas as [Replica];
          replica.freeze();
          await delay(500); // some requests are sent to it
          await replica.kill();
          await replica.start();
          await replica.untilAsked();
          await running.untilUp(REPLICAS);
        },
      );
    });
  }
});
