/** The dashboard and the alerts of deploy/ on a real Prometheus that scrapes real servers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Authority, opensslMissing, pemField } from '../wire/certificates.js';
import { floats, GrpcClient } from '../wire/grpc-client.js';
import { freePort, ServerProcess } from '../wire/server-process.js';
import { ask } from '../wire/threaded-server.js';
import { Background, itWith, outputOf } from './programs.js';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const RULES = join(DEPLOY, 'prometheus', 'tensorgate.rules.yaml');
const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
/** What a server without a request log does not have. */
const NOT_HERE = new Set([':tensorgate:request_log_record_count']);

interface Dashboard {
  readonly panels: readonly { title: string; targets?: readonly { expr: string }[] }[];
}

interface QueryReply {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

interface RulesReply {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly {
        name: string;
        query: string;
        health: string;
        lastError?: string;
      }[];
    }[];
  };
}

describe('Prometheus', function () {
  this.timeout(90_000);
  let folder = '';
  let prometheus: Background | null = null;
  let port = 0;
  const servers: ServerProcess[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  });
  after(async () => {
    await prometheus?.stop();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true });
  });

  itWith('promtool', 'takes the rules, which tell what they are to tell', async (promtool) => {
    await outputOf(promtool, ['check', 'rules', RULES]);
    const tests = join(DEPLOY, 'prometheus', 'tensorgate.test.yaml');
    assert.match(await outputOf(promtool, ['test', 'rules', tests]), /SUCCESS/);
    const named = (text: string, key: string): string[] =>
      [...text.matchAll(new RegExp(`${key}: (\\w+)`, 'g'))].map(([, name = '']) => name).sort();
    const rules = named(readFileSync(RULES, 'utf8'), 'alert');
    assert.deepEqual([...new Set(named(readFileSync(tests, 'utf8'), 'alertname'))], rules);
  });

  async function query(expression: string): Promise<QueryReply['data']['result']> {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { status, error, data } = (await (await fetch(url)).json()) as QueryReply;
    assert.equal(status, 'success', `${expression}: ${error}`);
    return data.result;
  }

  async function start(...flags: string[]): Promise<ServerProcess> {
    const monitoring = join(folder, 'monitoring');
    writeFileSync(monitoring, 'prometheus_config { enable: true }\n');
    const batching = join(folder, 'batching');
    writeFileSync(batching, 'max_batch_size { value: 4 } batch_timeout_micros { value: 1000 }\n');
    const server = await ServerProcess.start(
      'm',
      HALF_PLUS_TWO,
      `--monitoring_config_file=${monitoring}`,
      '--enable_batching',
      `--batching_parameters_file=${batching}`,
      ...flags,
    );
    servers.push(server);
    return server;
  }

  itWith('prometheus', 'has data for the dashboard and the alerts', async (program) => {
    const server = await start('--io_threads=2');
    const targets = [`127.0.0.1:${server.restPort}`];
    let secret = '';
    const noCertificates = opensslMissing();
    if (noCertificates === null) {
      const ssl = join(folder, 'ssl');
      const { key, cert } = new Authority(folder, 'ca').issue('server', 30);
      writeFileSync(ssl, pemField('server_key', key) + pemField('server_cert', cert));
      const overTls = await start(`--ssl_config_file=${ssl}`);
      secret = `
  - job_name: tensorgate-tls
    scheme: https
    tls_config: { insecure_skip_verify: true }
    static_configs: [{ targets: ['127.0.0.1:${overTls.restPort}'] }]`;
    } else console.log(`    ${noCertificates}`);
    const config = join(folder, 'prometheus.yaml');
    writeFileSync(
      config,
      `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${RULES}']
scrape_configs:
  - job_name: tensorgate
    static_configs: [{ targets: ['${targets.join()}'] }]${secret}
`,
    );
    port = await freePort();
    const flags = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    prometheus = await Background.start(program, flags, [port]);

    const client = new GrpcClient(server.grpcAddress);
    const request = { model_spec: { name: 'm' }, inputs: { x: floats(1, 2, 3) } };
    await client.reload([{ name: 'm', base_path: HALF_PLUS_TWO }]);
    const scrapes = 'min(count_over_time(up{job=~"tensorgate.*"}[1m]))';
    let seen = 0;
    try {
      while (seen < 6) {
        for (let i = 0; i < 5; ++i) {
          await client.predict(request);
          await ask(server, '/v1/models/m:predict', '{"instances": [1.0]}');
        }
        await ask(server, '/v1/models/m:predict', '{"instances": ["a"]}');
        seen = Number((await query(scrapes))[0]?.value[1] ?? 0);
        await delay(100);
      }
    } finally {
      client.close();
    }

    const file = join(DEPLOY, 'grafana', 'tensorgate.json');
    const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
    const needsTls = (expr: string): boolean => expr.includes('certificate') && secret === '';
    let queries = 0;
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        const asked = expr
          .replaceAll('$__rate_interval', '20s')
          .replace(/\$(job|instance|model)/g, '.*');
        assert.ok(!asked.includes('$'), asked);
        const result = await query(asked);
        assert.ok(result.length > 0 || needsTls(expr), `no data for "${title}": ${asked}`);
        for (const { value } of result) {
          assert.ok(Number.isFinite(Number(value[1])), `${value[1]} for "${title}": ${asked}`);
        }
        ++queries;
      }
    }
    assert.ok(queries > 25, `${queries} queries`);

    const rules = await fetch(`http://127.0.0.1:${port}/api/v1/rules`);
    const { groups } = ((await rules.json()) as RulesReply).data;
    const alerts = groups.flatMap((group) => group.rules);
    assert.ok(alerts.length > 10);
    for (const { name, query: expr, health, lastError } of alerts) {
      assert.equal(health, 'ok', `${name}: ${lastError}`);
      for (const [metric] of expr.matchAll(/:tensorgate:\w+|\bup\b/g)) {
        if (NOT_HERE.has(metric) || needsTls(metric)) continue;
        assert.ok((await query(metric)).length > 0, `${name} asks for ${metric}, which is nowhere`);
      }
    }
    assert.deepEqual(await query('ALERTS{alertname!="TensorgateEventLoopStalls"}'), []);
  });
});
