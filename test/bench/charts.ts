import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { init } from 'echarts';
import type { ScenarioName } from './arguments.ts';
import { figure } from './report.ts';
import { floorAmong, ratioOf } from './standing.ts';
import type { Standing } from './standing.ts';

interface Chart {
  readonly file: string;
  readonly scenario: ScenarioName;
  readonly measure: string;
  readonly title: string;
}

/** What people ask about first, and what says something on every store. */
const charts: readonly Chart[] = [
  {
    file: 'alone.svg',
    scenario: 'uncontended',
    measure: 'p50Ms',
    title: 'Acquire and release, one after another: time, in times of the raw client (shorter is better)',
  },
  {
    file: 'at-once.svg',
    scenario: 'uncontended',
    measure: 'rate',
    title: 'Acquire and release, 64 at once: how many, in times of the raw client (longer is better)',
  },
  {
    file: 'handover.svg',
    scenario: 'handover',
    measure: 'p50Ms',
    title: 'Hand-over to who waits: time, in times of the raw client (shorter is better)',
  },
];

const OURS = '#2f6fde';
const OTHERS = '#c9935b';
const WIDTH = 760;
const ROW_HEIGHT = 26;
const FRAME_HEIGHT = 90;

interface Bar {
  readonly label: string;
  readonly ratio: number;
  readonly colour: string;
}

/** A bar for everybody who has a floor to be measured by, from the top. */
function barsOf({ scenario, measure }: Chart, standings: readonly Standing[]): readonly Bar[] {
  const isShown = ({ scenario: of, store, role, name }: Standing): boolean =>
    of === scenario && store !== 'memory' && (name === 'Tenure' || role === 'peer');
  return standings.filter(isShown).flatMap((standing) => {
    const floor = floorAmong(standings, standing);
    const ratio = floor && ratioOf(standing, floor, measure);
    if (ratio === undefined) return [];
    const label = `${standing.store}: ${standing.name}`;
    return [{ label, ratio, colour: standing.role === 'tenure' ? OURS : OTHERS }];
  });
}

function drawn({ title }: Chart, bars: readonly Bar[]): string {
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: FRAME_HEIGHT + ROW_HEIGHT * bars.length,
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 14 } },
    grid: { left: 200, right: 60, top: 40, bottom: 40 },
    // Some take a hundred times as long.
    xAxis: { type: 'log' },
    yAxis: { type: 'category', inverse: true, data: bars.map(({ label }) => label) },
    series: [
      {
        type: 'bar',
        barWidth: 14,
        label: { show: true, position: 'right' },
        data: bars.map(({ ratio, colour }) => ({
          value: Number(figure(ratio)),
          itemStyle: { color: colour },
        })),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** One SVG for each chart of which something was measured. Returns their names. */
export async function writeCharts(
  folder: string,
  standings: readonly Standing[],
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const chart of charts) {
    const bars = barsOf(chart, standings);
    if (bars.length === 0) continue;
    const file = join(folder, chart.file);
    await writeFile(file, drawn(chart, bars));
    written.push(file);
  }
  return written;
}
