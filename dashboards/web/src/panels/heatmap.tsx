// SPDX-License-Identifier: Apache-2.0
// A heatmap of a histogram: classic buckets by `le` (cumulative, taken apart here) or a native histogram's own.
import {useMemo, useRef, useState} from "preact/hooks";
import uPlot from "uplot";
import {numberOf} from "../frames";
import type {ExemplarPoint, PanelData} from "../frames";
import {clock} from "../time";
import {format} from "../units";
import {AnnotationLines, Chart, themeColors, timeAxis} from "./chart";
import {ExemplarCard, ExemplarLines, drawExemplars, nearestExemplar} from "./exemplars";
import type {PanelProps} from "./panel";
import {TipBox, spotOf} from "./tooltip";
import type {Spot} from "./tooltip";

interface Cell { at: number; low: number; high: number; value: number }
interface Cells { cells: Cell[]; bounds: number[]; most: number }

function fromClassic(data: PanelData): Cells {
  const lines = data.lines.filter((line) => line.labels.le !== undefined)
    .sort((a, b) => numberOf(a.labels.le) - numberOf(b.labels.le));
  const cells: Cell[] = [];
  let most = 0;
  data.times.forEach((_, at) => {
    let below = 0;
    lines.forEach((line, index) => {
      const cumulative = line.values[at] ?? below;
      const value = Math.max(0, cumulative - below);
      below = Math.max(below, cumulative);
      if (value <= 0) return;
      most = Math.max(most, value);
      cells.push({at, low: index ? numberOf(lines[index - 1].labels.le) : 0, high: numberOf(line.labels.le), value});
    });
  });
  return {cells, bounds: lines.map((line) => numberOf(line.labels.le)).filter(Number.isFinite), most};
}

function fromNative(data: PanelData): Cells {
  const cells: Cell[] = [];
  const bounds = new Set<number>();
  let most = 0;
  const indexOf = new Map(data.times.map((time, at) => [Math.round(time * 1000), at]));
  for (const {time, buckets} of data.native) {
    const at = indexOf.get(Math.round(time * 1000));
    if (at === undefined) continue;
    for (const {low, high, count} of buckets) {
      if (count <= 0 || high <= 0) continue;
      most = Math.max(most, count);
      bounds.add(high);
      cells.push({at, low: Math.max(low, 0), high, value: count});
    }
  }
  return {cells, bounds: [...bounds].sort((a, b) => a - b), most};
}

// From the panel's background to a strong colour; the square root keeps rare buckets visible.
function shade(value: number, most: number): string {
  const part = Math.sqrt(value / most);
  return `hsla(${Math.round(210 - 190 * part)}, 75%, ${Math.round(62 - 14 * part)}%, ${(0.18 + 0.82 * part).toFixed(3)})`;
}

function draw(plot: uPlot, {cells, bounds, most}: Cells, times: number[], step: number): void {
  const {ctx, bbox} = plot;
  const top = bounds[bounds.length - 1] ?? 1;
  const bottom = lowest(bounds);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const cell of cells) {
    const left = plot.valToPos(times[cell.at] - step, "x", true);
    const right = plot.valToPos(times[cell.at], "x", true);
    const high = plot.valToPos(Number.isFinite(cell.high) ? Math.max(cell.high, bottom) : top * 2, "y", true);
    const low = plot.valToPos(Math.max(cell.low, bottom), "y", true);
    ctx.fillStyle = shade(cell.value, most);
    ctx.fillRect(left, high, Math.max(1, right - left - 1), Math.max(1, low - high - 1));
  }
  ctx.restore();
}

const lowest = (bounds: number[]) => (bounds.find((bound) => bound > 0) ?? 1) / 2;

export function Heatmap(props: PanelProps) {
  const {data, panel, height, context, onZoom} = props;
  const [tip, setTip] = useState<{at: number; value: number; spot: Spot; exemplar?: ExemplarPoint} | null>(null);
  const [pinned, setPinned] = useState<ExemplarPoint | null>(null);
  const cells = useMemo(() => data.native.length ? fromNative(data) : fromClassic(data), [data]);
  const unit: string = panel.options?.yAxis?.unit ?? panel.fieldConfig?.defaults?.unit ?? "short";
  const valueUnit: string = panel.options?.cellValues?.unit ?? "short";
  const latest = useRef({cells, data});
  latest.current = {cells, data};
  const options = useMemo(() => {
    const colors = themeColors();
    const bounds = () => latest.current.cells.bounds;  // new data does not make a new chart
    return {
      scales: {x: {time: true}, y: {distr: 3 as const, log: 10 as const, range: (): [number, number] => [lowest(bounds()), (bounds().at(-1) ?? 10) * 2]}},
      axes: [timeAxis(colors), {
        stroke: colors.text, grid: {show: false}, ticks: {show: false}, font: "11px system-ui", size: 64,
        splits: () => bounds().filter((_, index, all) => index % Math.max(1, Math.ceil(all.length / 9)) === 0),
        filter: (_: uPlot, splits: number[]) => splits,
        values: (_: uPlot, splits: number[]) => splits.map((value) => format(value, unit)),
      }],
      series: [{}, {show: true, stroke: "transparent", points: {show: false}}],
      hooks: {draw: [(plot: uPlot) => draw(plot, latest.current.cells, latest.current.data.times, latest.current.data.step),
        (plot: uPlot) => drawExemplars(plot, latest.current.data.exemplars)]},
    };
  }, [props.theme, unit]);
  const columns = useMemo(() => [data.times, data.times.map(() => null)] as uPlot.AlignedData, [data]);
  const under = tip && cells.cells.filter((cell) => cell.at === tip.at && tip.value > cell.low && tip.value <= cell.high)[0];
  return <div class="timeseries" onMouseLeave={() => setTip(null)}>
    <Chart options={options} data={columns} height={height} range={context.range} annotations={props.annotations} onZoom={onZoom} label={`${panel.title}: heatmap`}
      onClick={(left, top, plot) => {
        const point = nearestExemplar(data.exemplars, plot, left, top);
        if (point) setPinned(point);
      }}
      onCursor={(index, left, top, plot) => setTip(index === null || !plot.over.matches(":hover") ? null
        : {at: index, value: plot.posToVal(top, "y"), spot: spotOf(plot, left), exemplar: nearestExemplar(data.exemplars, plot, left, top)})} />
    {pinned && <ExemplarCard point={pinned} unit={unit} panel={panel} scope={context.scope} traceUrl={context.traceUrl} close={() => setPinned(null)} />}
    {tip && !pinned && data.times[tip.at] !== undefined && <TipBox spot={tip.spot}>
      <div class="when">{clock(data.times[tip.at] * 1000, true)}</div>
      {under ? <div class="row"><span>{format(under.low, unit)} to {Number.isFinite(under.high) ? format(under.high, unit) : "∞"}</span><b>{format(under.value, valueUnit)}</b></div>
        : <div class="dim">none around {format(tip.value, unit)}</div>}
      {tip.exemplar && <ExemplarLines point={tip.exemplar} unit={unit} />}
      <AnnotationLines annotations={props.annotations} time={data.times[tip.at]} />
    </TipBox>}
  </div>;
}
