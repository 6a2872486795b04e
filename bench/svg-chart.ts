/**
 * Line charts as one SVG picture: panels two in a row, a linear x axis whose ticks are the points measured,
 * a logarithmic y axis, one legend for all. Readable on light pages and, by a media query, on dark ones.
 */

export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Panel {
  readonly title: string;
  readonly subtitle: string;
  readonly series: readonly Series[];
}

export interface ChartLabels {
  readonly xLabel: string;
  readonly yLabel: string;
}

const PANEL = { width: 440, height: 300 };
/** Of the plot within its panel. */
const MARGIN = { left: 64, right: 16, top: 44, bottom: 52 };
const LEGEND_HEIGHT = 36;
/** Room at both ends of an axis, as a share of its length. */
const SLACK = 0.04;

/** Of every picture of the bench. */
export const CHART_STYLE = `
  svg { font-family: system-ui, sans-serif; font-size: 12px; }
  .paper { fill: #ffffff; } text { fill: #24292f; } .grid { stroke: #d8dee4; } .axis { stroke: #57606a; }
  .title { font-size: 14px; font-weight: 600; } .faint { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #30363d; } .axis { stroke: #8b949e; }
    .faint { fill: #8b949e; }
  }`;

/** Maps [from, to] to [start, end], logarithms of the values or the values themselves. */
export function scale(
  kind: 'linear' | 'log',
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): (value: number) => number {
  const place = kind === 'log' ? Math.log10 : (value: number): number => value;
  const span = place(to) - place(from);
  if (!(span > 0)) return () => (start + end) / 2;
  return (value) => start + ((place(value) - place(from)) / span) * (end - start);
}

/** 1, 2 and 5 times powers of ten within [from, to]; only the powers where that would be too many. */
export function logTicks(from: number, to: number): number[] {
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(from)); 10 ** exponent <= to; exponent++) {
    // Written as text: 5 * 10 ** -2 is not 0.05.
    ticks.push(...[1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)));
  }
  const inside = ticks.filter((tick) => tick >= from && tick <= to);
  const powers = inside.filter((tick) => Number.isInteger(Math.log10(tick)));
  return inside.length > 9 && powers.length >= 2 ? powers : inside;
}

/** A range of positive values in which all of them lie, wide enough for two ticks. */
export function logRange(values: readonly number[]): [number, number] {
  let from = Math.min(...values);
  let to = Math.max(...values);
  while (logTicks(from, to).length < 2) {
    from /= 1.2;
    to *= 1.2;
  }
  return [from, to];
}

/** REQUIRES: positive y values, at least one point in each panel. */
export function renderCharts(panels: readonly Panel[], labels: ChartLabels): string {
  const columns = Math.min(2, panels.length);
  const width = columns * PANEL.width;
  const height = LEGEND_HEIGHT + Math.ceil(panels.length / columns) * PANEL.height;
  const drawn = panels.map((panel, index) => {
    const left = (index % columns) * PANEL.width;
    const top = LEGEND_HEIGHT + Math.floor(index / columns) * PANEL.height;
    return `<g transform="translate(${left} ${top})">\n${renderPanel(panel, labels)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${CHART_STYLE}\n</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    renderLegend(panels[0]?.series ?? [], width),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function renderLegend(series: readonly Series[], width: number): string {
  const step = Math.min(180, (width - 2 * MARGIN.right) / Math.max(1, series.length));
  const start = (width - step * series.length) / 2;
  return series
    .map(({ name, colour }, index) => {
      const x = start + index * step;
      return (
        `<path d="M${round(x)} 20h26" stroke="${colour}" stroke-width="2.5"/>` +
        `<circle cx="${round(x + 13)}" cy="20" r="3.5" fill="${colour}"/>` +
        svgText(x + 34, 24, name, '')
      );
    })
    .join('\n');
}

function renderPanel({ title, subtitle, series }: Panel, labels: ChartLabels): string {
  const points = series.flatMap((line) => line.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const yRange = logRange(points.map(({ y }) => y));
  const right = PANEL.width - MARGIN.right;
  const bottom = PANEL.height - MARGIN.bottom;
  const slackX = SLACK * (right - MARGIN.left);
  const slackY = SLACK * (bottom - MARGIN.top);
  const atX = scale('linear', [xs[0] ?? 0, xs.at(-1) ?? 0], [MARGIN.left + slackX, right - slackX]);
  const atY = scale('log', yRange, [bottom - slackY, MARGIN.top + slackY]);
  const middleX = (MARGIN.left + right) / 2;
  const middleY = (MARGIN.top + bottom) / 2;
  return [
    svgText(MARGIN.left, 20, title, 'class="title"'),
    svgText(MARGIN.left, 36, subtitle, 'class="faint"'),
    ...logTicks(...yRange).map(
      (tick) =>
        `<path class="grid" d="M${MARGIN.left} ${round(atY(tick))}H${right}"/>` +
        svgText(MARGIN.left - 8, atY(tick) + 4, String(tick), 'text-anchor="end"'),
    ),
    ...xs.map((x) => svgText(atX(x), bottom + 18, String(Math.round(x)), 'text-anchor="middle"')),
    `<path class="axis" fill="none" d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}"/>`,
    svgText(middleX, bottom + 38, labels.xLabel, 'class="faint" text-anchor="middle"'),
    svgText(
      0,
      0,
      labels.yLabel,
      `class="faint" text-anchor="middle" transform="translate(18 ${middleY}) rotate(-90)"`,
    ),
    ...series.map((line) => renderSeries(line, atX, atY)),
  ].join('\n');
}

function renderSeries(
  { colour, points }: Series,
  atX: (x: number) => number,
  atY: (y: number) => number,
): string {
  const places = points.map(({ x, y }) => `${round(atX(x))} ${round(atY(y))}`);
  const marks = points.map(
    ({ x, y }) => `<circle cx="${round(atX(x))}" cy="${round(atY(y))}" r="3.5" fill="${colour}"/>`,
  );
  return (
    `<path d="M${places.join('L')}" fill="none" stroke="${colour}" stroke-width="2.5" ` +
    `stroke-linejoin="round"/>${marks.join('')}`
  );
}

/** `attributes` as in the markup. */
export function svgText(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped}</text>`;
}

/** As short as a place in a picture needs it. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
