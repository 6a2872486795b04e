/**
 * The conformance table: every case of cases/ against a real server, on each transport it names; then
 * whether each line of the checklist has a case, or says why not.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { GrpcClient } from '../grpc-client.js';
import { ServerProcess } from '../server-process.js';
import { askGrpc, askRest, http } from './ask.js';
import type { Case } from './case.js';
import { classify } from './cases/classify.js';
import { httpLayer } from './cases/http-layer.js';
import { jsonExamples } from './cases/json-examples.js';
import { jsonTensors } from './cases/json-tensors.js';
import { metadata } from './cases/metadata.js';
import { multiInference } from './cases/multi-inference.js';
import { predict } from './cases/predict.js';
import { regress } from './cases/regress.js';
import { restHandler } from './cases/rest-handler.js';
import { routes } from './cases/routes.js';
import { serverCore } from './cases/server-core.js';
import { status } from './cases/status.js';
import { CORE } from './checklist-core.js';
import { CHECKLIST, ELSEWHERE, NOT_YET } from './checklist.js';
import {
  hasTestdata,
  MODELS,
  TESTDATA,
  UPSTREAM_HALF_PLUS_TWO,
  upstreamBasePath,
} from './models.js';
import { SETUPS, together, untilAvailable, write } from './setups.js';

const CASES: readonly Case[] = [
  ...restHandler,
  ...routes,
  ...jsonTensors,
  ...jsonExamples,
  ...httpLayer,
  ...predict,
  ...classify,
  ...regress,
  ...multiInference,
  ...metadata,
  ...status,
  ...serverCore,
];

/** The test's title says no more than the case's; a pending one has its reason beside it. */
function pending(title: string, reason: string): void {
  it(title, function () {
    Object.assign(this.test ?? {}, { skipReason: reason });
    this.skip();
  });
}

/** One server for all of `cases`, in their order, and each gRPC transport: some models keep state. */
const NATIVE = ['--grpc_transport=native', '--rest_transport=native'];
const IN_JAVASCRIPT = ['--grpc_transport=grpc-js', '--rest_transport=uwebsockets'];

function run(title: string, basePath: () => string, cases: readonly Case[]): void {
  runOver(NATIVE, title, basePath, cases);
  if (cases.some(({ notYet }) => notYet === undefined)) {
    runOver(IN_JAVASCRIPT, `${title}, over grpc-js and uWebSockets`, basePath, cases);
  }
}

function runOver(
  transports: readonly string[],
  title: string,
  basePath: () => string,
  cases: readonly Case[],
): void {
  describe(title, () => {
    let server: ServerProcess;
    let client: GrpcClient;
    let folder = '';
    before(async () => {
      const { model, setup: name = '', flags = [] } = cases[0] as Case;
      const base = basePath();
      const models = [...new Set(cases.map((each) => each.model))];
      const paths = models.map((each) => [each, MODELS[each] as string] as const);
      const setup = models.length > 1 ? together(Object.fromEntries(paths)) : SETUPS[name];
      const written = setup === undefined ? null : write(setup, base);
      folder = written?.folder ?? '';
      server = await ServerProcess.start(
        model,
        base,
        ...transports,
        ...(written?.flags ?? []),
        ...flags,
      );
      client = new GrpcClient(server.grpcAddress);
      await untilAvailable(client, model, setup?.versions ?? []);
    });
    after(async () => {
      client.close();
      assert.equal((await server.stop()).code, 0);
      if (folder !== '') rmSync(folder, { recursive: true });
    });
    for (const { title: what, notYet, grpc, rest } of cases) {
      if (notYet !== undefined) {
        if (transports === NATIVE) pending(what, notYet);
        continue;
      }
      if (grpc !== undefined) it(`${what} (gRPC)`, () => askGrpc(client, grpc));
      if (rest !== undefined) it(`${what} (REST)`, () => askRest(server.restPort, rest));
    }
  });
}

/** Are asked what else there is on the server. */
const ALONE = ['half_plus_two', 'versions'];

/** Models that say all by themselves share a server. */
function grouped(cases: readonly Case[]): ReadonlyMap<string, readonly Case[]> {
  const groups = new Map<string, Case[]>();
  for (const each of cases) {
    const { model, setup = [], flags = [] } = each;
    const isOne = setup.length > 0 || flags.length > 0 || ALONE.includes(model);
    const key = isOne ? [model].concat(setup, flags).join(' ') : 'models of one server';
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

describe('Conformance', () => {
  for (const [key, cases] of grouped(CASES)) {
    run(key, () => MODELS[(cases[0] as Case).model] as string, cases);
  }
});

describe("Conformance, on upstream's own models", () => {
  /** What flags and configurations say does not depend on the model. */
  const ofFamily = CASES.filter(
    ({ model, setup, flags = [] }) =>
      model === 'half_plus_two' && setup === undefined && flags.length === 0,
  );
  for (const [name, expected] of Object.entries(UPSTREAM_HALF_PLUS_TWO)) {
    if (!hasTestdata) {
      pending(name, `it is not at hand: no ${TESTDATA}`);
      continue;
    }
    describe(name, () => {
      let base: string;
      before(() => {
        base = upstreamBasePath(name);
      });
      after(() => {
        rmSync(base, { recursive: true });
      });
      run('alone', () => base, ofFamily);

      it('1 REST handler / GetModelMetadata: the document upstream expects (REST)', async () => {
        const server = await ServerProcess.start('half_plus_two', base);
        const path = '/v1/models/half_plus_two/metadata';
        const { body } = await http(server.restPort, { method: 'GET', path });
        assert.equal((await server.stop()).code, 0);
        const text = readFileSync(join(TESTDATA, expected), 'utf8');
        const document = JSON.parse(text) as { model_spec: object };
        const spec = { ...document.model_spec, name: 'half_plus_two' };
        assert.deepEqual(JSON.parse(body), { ...document, model_spec: spec });
      });
    });
  }
});

/** Whether a test of that title is in the source: a string of it, or the name of a GoogleTest. */
function hasTest(source: string, title: string): boolean {
  const quoted = ["'", '"', '`'].map((quote) => `${quote}${title}${quote}`);
  return [...quoted, `, ${title}) {`].some((text) => source.includes(text));
}

describe('The conformance checklist', () => {
  const lines = new Set(
    Object.entries(CHECKLIST).flatMap(([name, tests]) => tests.map((test) => `${name} / ${test}`)),
  );
  const ticked = new Set(CASES.map(({ title }) => title.split(': ')[0] as string));

  it('has every case under one of its lines', () => {
    assert.deepEqual(
      [...ticked, ...Object.keys(ELSEWHERE)].filter((line) => !lines.has(line)),
      [],
    );
  });

  it('has a case, another test or a reason for every line', () => {
    const told = new Set([
      ...ticked,
      ...Object.keys(ELSEWHERE),
      ...NOT_YET.map(({ line }) => line),
    ]);
    assert.deepEqual(
      [...lines].filter((line) => !told.has(line)),
      [],
    );
  });

  it('gives each case a title of its own', () => {
    assert.equal(new Set(CASES.map(({ title }) => title)).size, CASES.length);
  });

  it('ticks a line of the core by cases where it says so, and nowhere else', () => {
    const said = Object.entries(CORE).flatMap(([section, lines]) =>
      Object.keys(lines)
        .filter((line) => lines[line] === 'cases')
        .map((line) => `${section} / ${line}`),
    );
    const sections = new Set(Object.keys(CORE));
    const shown = [...ticked].filter((line) => sections.has(line.split(' / ')[0] as string));
    assert.deepEqual(shown.sort(), said.sort());
  });

  for (const [line, { test, titles = [] }] of Object.entries(ELSEWHERE)) {
    if (test === null) continue;
    it(`${line}: is tested in ${test}`, () => {
      const source = readFileSync(test, 'utf8');
      assert.deepEqual(
        titles.filter((title) => !hasTest(source, title)),
        [],
      );
      assert.ok(titles.length > 0, 'it names no test');
    });
  }

  for (const { line, what, reason } of NOT_YET) {
    it(`knows the line ${line}`, () => assert.ok(lines.has(line)));
    pending(`${line}: ${what}`, reason);
  }
});
