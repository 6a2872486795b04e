/** The command line of the bench: parts by name, everything unknown refused. */
import assert from 'node:assert/strict';
import { HELP, needsOf, PART_NAMES, parseCommandLine } from '../../../bench/command-line.js';

function parse(...args: readonly string[]): NonNullable<ReturnType<typeof parseCommandLine>> {
  const options = parseCommandLine(args);
  assert.ok(options !== null);
  return options;
}

describe('the command line of the bench', () => {
  it('names parts with or without --part, each once and in the order they run', () => {
    assert.deepEqual(parse('batching').parts, ['batching']);
    assert.deepEqual(parse('--part=batching').parts, ['batching']);
    assert.deepEqual(parse('server', 'micro', '--part=server').parts, ['micro', 'server']);
  });

  it('runs what needs no made models when nothing is named', () => {
    assert.deepEqual(parse().parts, ['micro', 'single', 'server']);
    assert.deepEqual(parse('--part=all').parts, parse().parts);
    assert.deepEqual(needsOf(parse().parts).modelsFor, []);
  });

  it('leaves parts out', () => {
    assert.deepEqual(parse('models', 'server', '--without=models').parts, ['server']);
  });

  it('refuses unknown parts with the list', () => {
    const list = PART_NAMES.join(', ');
    assert.throws(() => parse('batchin'), new Error(`no part batchin; there are ${list}`));
    assert.throws(() => parse('--without=x'), /no part x; there are micro/);
  });

  it('refuses unknown options and values that are no numbers', () => {
    assert.throws(() => parse('--secnds=2'), /secnds/);
    assert.throws(() => parse('--seconds=two'), /--seconds is a number from 0.01 on, not two/);
    assert.throws(() => parse('--runs=0'), /--runs/);
  });

  it('warms up for a quarter of the time, a second at most', () => {
    assert.equal(parse('--seconds=2').warmup, 0.5);
    assert.equal(parse('--seconds=20').warmup, 1);
    assert.equal(parse('--seconds=2', '--warmup=0').warmup, 0);
  });

  it('takes one picture of one part', () => {
    assert.equal(parse('batching', '--picture=p.svg').picture, 'p.svg');
    assert.throws(
      () => parse('server', 'batching', '--picture=p.svg'),
      /one part that draws, not 2/,
    );
    assert.throws(() => parse('micro', '--picture=p.svg'), /not 0/);
  });

  it('lists servers under test', () => {
    const options = parse('--plan=as-saved,frozen', '--server_flags=--a', '--server_flags=');
    assert.deepEqual(options.plans, ['as-saved', 'frozen']);
    assert.deepEqual(options.serverFlags, ['--a', '']);
    assert.throws(() => parse('--against_only'), /needs --against/);
  });

  it('needs neither addon nor models to count instructions', () => {
    const needs = { programs: ['codec_micro'], modelsFor: [], addon: false };
    assert.deepEqual(needsOf(['instructions']), needs);
    assert.deepEqual(needsOf(['models', 'batching']).modelsFor, ['models', 'batching']);
  });

  it('gives help, with every part in it', () => {
    assert.equal(parseCommandLine(['--help']), null);
    for (const name of PART_NAMES) assert.match(HELP, new RegExp(`^  ${name} `, 'm'));
  });
});
