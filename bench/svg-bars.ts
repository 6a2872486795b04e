/**
 * Horizontal bars as one SVG picture: a group for each case, a bar for each server, its value written
 * behind it. Values of groups differ by orders of magnitude: each group has a linear scale of its own.
 */
import { CHART_STYLE, round, svgText } from './svg-chart.js';

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly label: string;
  readonly colour: string;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 880;
const MARGIN = 16;
const HEAD_HEIGHT = 36;
const TITLE_HEIGHT = 24;
const BAR_HEIGHT = 18;
const BAR_STEP = 22;
const GROUP_GAP = 14;
/** UNITS: pixels a character is wide, roughly: enough to leave room. */
const CHARACTER = 6.6;
/** Names longer than that are cut. */
const NAME_CHARACTERS = 34;
const LABEL_ROOM = 210;

export function renderBars(groups: readonly BarGroup[], note: string): string {
  const names = groups.flatMap(({ bars }) => bars.map(({ name }) => name));
  const longest = Math.min(NAME_CHARACTERS, Math.max(0, ...names.map((name) => name.length)));
  const left = MARGIN + Math.ceil(longest * CHARACTER) + 8;
  const drawn: string[] = [];
  let top = HEAD_HEIGHT;
  for (const group of groups) {
    drawn.push(renderGroup(group, left, top));
    top += TITLE_HEIGHT + group.bars.length * BAR_STEP + GROUP_GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}">`,
    `<style>${CHART_STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${top}"/>`,
    svgText(MARGIN, 22, note, 'class="faint"'),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function renderGroup({ title, bars }: BarGroup, left: number, top: number): string {
  const most = Math.max(Number.MIN_VALUE, ...bars.map(({ value }) => value));
  const room = WIDTH - left - MARGIN - LABEL_ROOM;
  const rows = bars.map(({ name, value, label, colour }, index) => {
    const y = top + TITLE_HEIGHT + index * BAR_STEP;
    const length = Math.max(1, (value / most) * room);
    return (
      `<rect x="${left}" y="${y}" width="${round(length)}" height="${BAR_HEIGHT}" fill="${colour}"/>` +
      svgText(left - 8, y + 13, cut(name), 'text-anchor="end"') +
      svgText(left + length + 6, y + 13, label, '')
    );
  });
  return [svgText(MARGIN, top + 16, title, 'class="title"'), ...rows].join('\n');
}

function cut(name: string): string {
  return name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS - 1)}…`;
}
