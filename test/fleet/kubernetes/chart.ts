/** deploy/helm/tensorgate, rendered by Helm, and deploy/kubernetes, which is one rendering of it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { itWith, outputOf } from '../../clients/programs.js';
import { checkConsistent } from './consistency.js';
import {
  checkedManifests,
  deploymentOf,
  flagOf,
  ofKind,
  only,
  serverOf,
  type Manifest,
} from './manifests.js';
import { findHelm, findModule, itGiven, type Missing } from './modules.js';
import { CHART, DEPLOY, renderChart, ROOT, runHelm, SERVER, VERSION } from './rendering.js';

const CI = join(CHART, 'ci');
const PLAIN = join(DEPLOY, 'kubernetes', 'tensorgate.yaml');
const PLAIN_VALUES = join(DEPLOY, 'helm', 'kubernetes.values.yaml');
const ADAPTER = join(DEPLOY, 'helm', 'prometheus-adapter.values.yaml');
const MONITORS = ['ServiceMonitor', 'PodMonitor'];
const OPERATOR = {
  path: 'github.com/prometheus-operator/prometheus-operator',
  version: 'v0.87.1',
  sum: 'h1:zjzxO10Rv3goA/GDbE3Vgf2TNhhcOp7fZbRG0Tkm3OY=',
};
const CRDS = 'example/prometheus-operator-crd/monitoring.coreos.com_';

/** What is refused, with what it is told. */
const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [['models=null'], /models: expected at least one, got none/],
  [['modelConfig=x'], /expected one of models and modelConfig, got both/],
  [['models[0].nmae=m'], /additional properties 'nmae' not allowed/],
  [['models[0].path=/models/m'], /at '\/models\/0\/path'/],
  [['models[0].versions.latest=0'], /minimum: got 0, want 1/],
  [['modelStore.persistentVolumeClaim.existingClaim='], /there would be no models/],
  [['modelStore.persistentVolumeClaim.create=true'], /expected one of .*, got .*existingClaim/],
  [['modelStore.fetch.enabled=true'], /modelStore.fetch.image: expected the name of an image/],
  [['ports.grpc=80'], /at '\/ports\/grpc': minimum: got 80, want 1,024/],
  [['extraArgs[0]=verbose'], /at '\/extraArgs\/0'/],
  [['image.digest=sha256:12'], /at '\/image\/digest'/],
  [['drains.waitSeconds=1'], /additional properties 'drains' not allowed/],
  [['autoscaling.enabled=true', 'autoscaling.queueDepth=0'], /expected queueDepth or requestsInFl/],
  [['serviceMonitor.enabled=true', 'podMonitor.enabled=true'], /each pod would count twice/],
  [['podMonitor.enabled=true', 'enableMetrics=false'], /PodMonitor: expected enableMetrics/],
];

interface Rule {
  readonly seriesQuery: string;
  readonly name: { readonly as: string };
  readonly metricsQuery: string;
}

/** The rules that the autoscaler's metrics come from. */
async function adapterRules(): Promise<readonly Rule[]> {
  // Not a manifest, but YAML: what makes it one is taken off again.
  const text = `apiVersion: v1\nkind: Values\nmetadata: { name: adapter }\n${readFileSync(ADAPTER, 'utf8')}`;
  const [values] = await checkedManifests(text, { unchecked: ['Values'] });
  return (values as unknown as { readonly rules: { readonly custom: readonly Rule[] } }).rules
    .custom;
}

/** The server reads all files of the ConfigMaps, and finds nothing wrong but that there are no models here. */
async function checkServerFiles(manifests: readonly Manifest[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tensorgate-chart-'));
  try {
    const container = serverOf(deploymentOf(manifests));
    for (const { data = {} } of ofKind(manifests, 'ConfigMap')) {
      for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, name), text);
    }
    const args = (container.args ?? [])
      .filter((arg) => !/^--(ssl|auth)_config_file=/.test(arg)) // of Secrets that others make
      .filter((arg) => !arg.startsWith('--model_roots=')) // not there either
      .map((arg) => arg.replace(/=\/etc\/tensorgate\/(models|server)\//, `=${folder}/`));
    const said = await outputOf(
      process.execPath,
      [SERVER, '--validate_config', ...args],
      null,
      60_000,
    );
    assert.match(said, /0 errors/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("Helm's chart", function () {
  this.timeout(1_200_000); // Helm may have to be built first
  const itRenders = (title: string, body: (program: string) => Promise<void>): void => {
    itGiven(title, [findHelm], body);
  };
  const render = (program: string, values: string, set: readonly string[] = []): Promise<string> =>
    renderChart(program, 'serving', values, set);
  const rendered = async (program: string, name: string): Promise<readonly Manifest[]> =>
    checkedManifests(await render(program, join(CI, `${name}-values.yaml`)), {
      unchecked: MONITORS,
    });

  for (const file of readdirSync(CI)) {
    itRenders(`is right with ${file}`, async (program) => {
      const values = join(CI, file);
      await runHelm(program, 'lint', '--strict', CHART, `--values=${values}`);
      const manifests = await checkedManifests(await render(program, values), {
        unchecked: MONITORS,
      });
      checkConsistent(manifests);
      await checkServerFiles(manifests);
    });
  }

  const findOperator = (): Promise<string | Missing> => findModule(OPERATOR);
  itGiven('has monitors as CRDs want them', [findHelm, findOperator], async (program, folder) => {
    const crds = MONITORS.map((kind) => join(folder ?? '', `${CRDS}${kind.toLowerCase()}s.yaml`));
    for (const [name, kind] of [
      ['full', 'ServiceMonitor'],
      ['gpu', 'PodMonitor'],
    ] as const) {
      const text = await render(program, join(CI, `${name}-values.yaml`));
      only(await checkedManifests(text, { crds }), kind);
    }
  });

  itRenders('turns on what belongs together', async (program) => {
    const full = await rendered(program, 'full');
    const gpu = await rendered(program, 'gpu');
    const bare = await rendered(program, 'bare');
    assert.equal(deploymentOf(full).spec.replicas, undefined); // the autoscaler's
    assert.equal(deploymentOf(gpu).spec.replicas, 4);
    assert.deepEqual(
      [full, gpu, bare].map((each) => ofKind(each, 'PodDisruptionBudget').length),
      [1, 1, 0],
    );
    assert.equal(serverOf(deploymentOf(full)).readinessProbe?.httpGet.scheme, 'HTTPS');
    assert.equal(serverOf(deploymentOf(gpu)).resources.limits['nvidia.com/gpu'], '1');
    assert.equal(flagOf(serverOf(deploymentOf(bare)), 'monitoring_config_file'), null);
    assert.equal(ofKind(bare, 'Service').length, 1);
  });

  itRenders(
    'leaves pods alone when models change, not when files of the start do',
    async (program) => {
      const values = join(CI, 'minimal-values.yaml');
      const template = async (...set: string[]): Promise<unknown> =>
        deploymentOf(await checkedManifests(await render(program, values, set))).spec.template;
      const before = await template();
      assert.deepEqual(await template('models[0].name=other'), before);
      const batching = 'batchingParameters=max_batch_size { value: 8 }';
      assert.notDeepEqual(await template(batching), before);
    },
  );

  for (const [set, reason] of REFUSED) {
    itRenders(`refuses ${set.join(' ')}`, async (program) => {
      await assert.rejects(render(program, join(CI, 'minimal-values.yaml'), set), reason);
    });
  }

  itRenders('tells what to do next', async (program) => {
    const args = ['install', 'serving', CHART, '--dry-run=client', '--namespace=prod'];
    const values = `--values=${join(CI, 'full-values.yaml')}`;
    const notes = (await runHelm(program, ...args, values)).split('NOTES:')[1] ?? '';
    assert.match(notes, /serving-tensorgate-headless\.prod\.svc:9000/);
    assert.match(notes, /curl https:\/\/localhost:8501\/v1\/models\n/);
    assert.match(notes, /describe hpa serving-tensorgate\n/);
  });

  itRenders('is what deploy/kubernetes was rendered from', async (program) => {
    const args = ['template', 'tensorgate', CHART, `--values=${PLAIN_VALUES}`];
    assert.deepEqual(
      await checkedManifests(readFileSync(PLAIN, 'utf8')),
      await checkedManifests(await runHelm(program, ...args)),
      'deploy/kubernetes/tensorgate.yaml is to be rendered anew: docs/kubernetes.md',
    );
  });

  it('has the version of the package', async () => {
    const chart = readFileSync(join(CHART, 'Chart.yaml'), 'utf8');
    assert.match(chart, new RegExp(`^version: ${VERSION}$`, 'm'));
    assert.match(chart, new RegExp(`^appVersion: ${VERSION}$`, 'm'));
    const manifests = await checkedManifests(readFileSync(PLAIN, 'utf8'));
    assert.equal(serverOf(deploymentOf(manifests)).image, `tensorgate:${VERSION}`);
  });
});

describe('plain manifests', function () {
  this.timeout(60_000);
  it('are right', async () => {
    const manifests = await checkedManifests(readFileSync(PLAIN, 'utf8'));
    checkConsistent(manifests);
    await checkServerFiles(manifests);
  });
});

describe("the autoscaler's metrics", function () {
  this.timeout(60_000);

  it('are made of metrics that the server has', async () => {
    const page = readFileSync(join(ROOT, 'docs', 'metrics.md'), 'utf8');
    const autoscaler = readFileSync(
      join(CHART, 'templates', 'horizontalpodautoscaler.yaml'),
      'utf8',
    );
    for (const { seriesQuery, name } of await adapterRules()) {
      const [, series] = /__name__="([^"]+)"/.exec(seriesQuery) ?? [];
      assert.ok(series !== undefined && page.includes(`\`${series}\``), seriesQuery);
      assert.ok(autoscaler.includes(`"${name.as}"`), name.as);
    }
  });

  itWith('promtool', 'add up by pod, averaged over a minute', async (promtool) => {
    const expressions = new Map<string, string>();
    for (const { name, metricsQuery, seriesQuery } of await adapterRules()) {
      const series = /__name__="([^"]+)"/.exec(seriesQuery)?.[1] ?? '';
      const expression = metricsQuery
        .replaceAll('<<.Series>>', series)
        .replaceAll('<<.LabelMatchers>>', 'namespace="prod",pod=~"a|b"')
        .replaceAll('<<.GroupBy>>', 'pod');
      expressions.set(name.as, expression);
    }
    const folder = mkdtempSync(join(tmpdir(), 'tensorgate-adapter-'));
    try {
      const file = join(folder, 'test.yaml');
      writeFileSync(file, promtoolTest(expressions));
      await promisify(execFile)(promtool, ['test', 'rules', file], { timeout: 30_000 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Two pods of three whose numbers are known; JSON is YAML, too. */
function promtoolTest(expressions: ReadonlyMap<string, string>): string {
  const of = (pod: string, namespace = 'prod'): string => `namespace="${namespace}",pod="${pod}"`;
  const depths = [
    { series: `:tensorgate:run_queue_depth{${of('a')}}`, values: '2 4' },
    { series: `:tensorgate:batching_queue_depth{${of('a')},model_name="m"}`, values: '10 10' },
    { series: `:tensorgate:batching_queue_depth{${of('a')},model_name="n"}`, values: '1 1' },
    { series: `:tensorgate:run_queue_depth{${of('b')}}`, values: '0 0' },
    { series: `:tensorgate:run_queue_depth{${of('a', 'test')}}`, values: '99 99' },
    { series: `:tensorgate:requests_in_flight{${of('a')},model_name="m"}`, values: '6 8' },
    { series: `:tensorgate:requests_in_flight{${of('a')},model_name="n"}`, values: '1 1' },
    { series: `:tensorgate:requests_in_flight{${of('b')},model_name="m"}`, values: '5 5' },
  ];
  const expected: Record<string, readonly [number, number]> = {
    tensorgate_queue_depth: [14, 0],
    tensorgate_requests_in_flight: [8, 5],
  };
  return JSON.stringify({
    evaluation_interval: '30s',
    tests: [
      {
        interval: '30s',
        input_series: depths,
        promql_expr_test: [...expressions].map(([name, expr]) => ({
          expr,
          eval_time: '30s',
          exp_samples: [
            { labels: '{pod="a"}', value: expected[name]?.[0] },
            { labels: '{pod="b"}', value: expected[name]?.[1] },
          ],
        })),
      },
    ],
  });
}
