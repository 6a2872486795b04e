/** Prometheus' text format, read strictly: a line that is neither comment nor sample is an error. */
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const HELP = new RegExp(`^# HELP ${NAME} .*$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;

export class PrometheusPage {
  readonly types = new Map<string, string>();
  readonly #samples = new Map<string, number>();

  constructor(text: string) {
    if (!text.endsWith('\n')) throw new Error('the page does not end in a line feed');
    for (const line of text.slice(0, -1).split('\n')) {
      if (line !== '' && !HELP.test(line)) this.#read(line);
    }
    this.#checkHistograms();
  }

  /** Undefined where the page has no such sample. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    return this.#samples.get(keyOf(name, Object.entries(labels)));
  }

  /** All of a name, as `label="value",…` in the page's order, with their values. */
  all(name: string): Record<string, number> {
    const own = [...this.#samples].filter(([key]) => key.startsWith(`${name}{`));
    return Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1, -1), value]));
  }

  #read(line: string): void {
    const type = TYPE.exec(line);
    if (type !== null) {
      const [, name = '', kind = ''] = type;
      if (this.types.has(name)) throw new Error(`${name} has two types`);
      this.types.set(name, kind);
      return;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null) throw new Error(`no sample: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    const key = keyOf(name, labelsOf(labels));
    if (this.#samples.has(key)) throw new Error(`twice: ${line}`);
    const number = value === '+Inf' ? Infinity : Number(value);
    if (Number.isNaN(number) && value.toLowerCase() !== 'nan')
      throw new Error(`no number: ${line}`);
    const family = name.replace(/_(?:bucket|sum|count)$/, '');
    if (!this.types.has(name) && !this.types.has(family)) throw new Error(`no type: ${line}`);
    this.#samples.set(key, number);
  }

  /** Buckets never fall, and the last one is the count. */
  #checkHistograms(): void {
    let before = { series: '', count: 0 };
    for (const [key, value] of this.#samples) {
      const bucket = /^(.*)_bucket\{(.*?),?le="([^"]*)"\}$/.exec(key);
      if (bucket === null) continue;
      const [, name = '', labels = '', limit = ''] = bucket;
      const series = `${name}{${labels}}`;
      if (series === before.series && value < before.count) throw new Error(`${key} falls`);
      before = { series, count: value };
      if (limit !== '+Inf') continue;
      if (this.#samples.get(`${name}_count{${labels}}`) !== value) throw new Error(`${key}: count`);
      if (!this.#samples.has(`${name}_sum{${labels}}`)) throw new Error(`${key}: no sum`);
    }
  }
}

function labelsOf(text: string): [string, string][] {
  const labels: [string, string][] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex;
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`no label: ${text.slice(at)}`);
    const [, name = '', value = ''] = match;
    labels.push([name, value.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : String(char)))]);
  }
  return labels;
}

function keyOf(name: string, labels: readonly (readonly [string, string])[]): string {
  return `${name}{${labels.map(([label, value]) => `${label}="${value}"`).join(',')}}`;
}
