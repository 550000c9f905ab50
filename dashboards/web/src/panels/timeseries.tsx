// SPDX-License-Identifier: Apache-2.0
// Lines over time: fill, two axes, thresholds, exemplars, a legend that hides and shows, a tooltip that sorts.
import {useMemo, useRef, useState} from "preact/hooks";
import uPlot from "uplot";
import {color, withAlpha} from "../colors";
import type {ExemplarPoint} from "../frames";
import type {FieldOptions} from "../model";
import {clock} from "../time";
import {format, isBinary} from "../units";
import {AnnotationLines, Chart, themeColors, timeAxis} from "./chart";
import type {Annotation} from "../annotations";
import {prepare} from "./drawn";
import type {Drawn} from "./drawn";
import {ExemplarCard, ExemplarLines, drawExemplars, nearestExemplar} from "./exemplars";
import {EVERYTHING, Legend, choose, hiddenOf, legendHeight} from "./legend";
import type {Choice} from "./legend";
import type {PanelProps} from "./panel";
import {binarySteps, isolated, valueRange} from "./scale";
import {TipBox, spotOf} from "./tooltip";
import type {Spot} from "./tooltip";

type Colors = ReturnType<typeof themeColors>;

function drawThresholds(plot: uPlot, options: FieldOptions): void {
  const mode = options.custom?.thresholdsStyle?.mode ?? "off";
  if (mode === "off") return;
  const {ctx, bbox} = plot;
  ctx.save();
  for (const step of options.thresholds?.steps ?? []) {
    if (step.value === null) continue;
    const y = plot.valToPos(step.value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = color(step.color);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

// An axis is that of its first series: what unit it has, where it ends.
function valueAxis(scale: Drawn["scale"], {axis, options}: Drawn, colors: Colors): uPlot.Axis {
  const right = scale === "right";
  return {
    scale, side: right ? 1 : 3, show: options.custom?.axisPlacement !== "hidden", stroke: colors.text, grid: {show: !right, stroke: colors.grid, width: 1}, ticks: {show: false},
    font: "11px system-ui", label: options.custom?.axisLabel || undefined, incrs: isBinary(axis.unit) ? binarySteps() : undefined,
    size: (_, values) => 16 + Math.max(20, ...(values ?? []).map((text) => (text?.length ?? 0) * 6.2)),
    values: (_, splits) => splits.map((value) => value === null ? "" : format(value, axis.unit, axis.decimals)),
  };
}

function pathsOf({drawStyle, lineInterpolation}: NonNullable<FieldOptions["custom"]>): uPlot.Series.PathBuilder | undefined {
  if (drawStyle === "bars") return uPlot.paths.bars!({size: [0.8, 40]});
  if (lineInterpolation?.startsWith("step")) return uPlot.paths.stepped!({align: lineInterpolation === "stepBefore" ? -1 : 1});
  return lineInterpolation === "smooth" ? uPlot.paths.spline!() : undefined;
}

function seriesOf({name, color: stroke, scale, options: {custom = {}}}: Drawn, hidden: boolean): uPlot.Series {
  return {
    label: name, scale, show: !hidden, stroke, width: custom.lineWidth ?? 1.5, dash: custom.lineStyle?.fill === "dash" ? custom.lineStyle.dash ?? [10, 10] : undefined,
    spanGaps: custom.spanNulls === true, fill: custom.fillOpacity ? withAlpha(stroke, custom.fillOpacity / 100) : undefined,
    points: {show: custom.drawStyle === "points", size: 4, fill: stroke, filter: (self, at, show) => show || custom.drawStyle === "bars" ? null : isolated(self.data[at])},
    paths: pathsOf(custom),
  };
}

// `exemplars` is read at each drawing: new ones do not make a new chart.
function chartOptions(props: PanelProps, drawn: Drawn[], hidden: Set<string>, colors: Colors, exemplars: () => ExemplarPoint[]): Omit<uPlot.Options, "width" | "height" | "cursor"> {
  const scales: uPlot.Scales = {x: {time: true}};
  const axes: uPlot.Axis[] = [timeAxis(colors)];
  for (const scale of ["y", "right"] as const) {
    const first = drawn.find((one) => one.scale === scale);
    if (scale === "right" && !first) continue;
    scales[scale] = {distr: first?.axis.custom?.scaleDistribution?.type === "log" ? 3 : 1, range: (_, low, high) => valueRange(first?.axis ?? {}, low, high)};
    if (first) axes.push(valueAxis(scale, first, colors));
  }
  return {
    scales, axes, series: [{}, ...drawn.map((one) => seriesOf(one, hidden.has(one.name)))],
    // What is stacked fills only down to what it stands on.
    bands: drawn.flatMap(({below}, at) => below === undefined ? [] : [{series: [at + 1, below + 1] as [number, number]}]),
    hooks: {draw: [(plot) => drawThresholds(plot, props.panel.fieldConfig?.defaults ?? {}), (plot) => drawExemplars(plot, exemplars())]},
  };
}

interface Tip { index: number; spot: Spot; exemplar?: ExemplarPoint }
const MOST_ROWS = 16;

function Tooltip({tip, drawn, time, annotations}: {tip: Tip; drawn: Drawn[]; time: number; annotations: Annotation[]}) {
  const rows = drawn.filter(({raw}) => raw[tip.index] !== null && raw[tip.index] !== undefined).sort((a, b) => b.raw[tip.index]! - a.raw[tip.index]!);
  const exemplar = tip.exemplar;
  return <TipBox spot={tip.spot}>
    <div class="when">{clock(time * 1000, true)}</div>
    {rows.slice(0, MOST_ROWS).map((one, at) => <div class="row" key={at}><i style={{background: one.color}} /><span>{one.name}</span>
      <b>{format(one.raw[tip.index], one.options.unit, one.options.decimals)}</b></div>)}
    {rows.length > MOST_ROWS && <div class="dim">and {rows.length - MOST_ROWS} that are less</div>}
    {rows.length === 0 && <div class="dim">no value here</div>}
    {exemplar && <ExemplarLines point={exemplar} unit={drawn[0]?.options.unit} />}
    <AnnotationLines annotations={annotations} time={time} />
  </TipBox>;
}

export function TimeSeries(props: PanelProps) {
  const {data, panel, height, context, annotations, onZoom} = props;
  const [choice, setChoice] = useState<Choice>(EVERYTHING);
  const [tip, setTip] = useState<Tip | null>(null);
  const [pinned, setPinned] = useState<ExemplarPoint | null>(null);
  const colors = useMemo(themeColors, [props.theme]);
  const everything = useMemo(() => prepare(panel, data.lines, new Set(), colors.text), [data, panel, colors]);
  const names = everything.map((one) => one.name);
  const hidden = useMemo(() => hiddenOf(choice, names), [choice, names.join("\n")]);
  const drawn = useMemo(() => hidden.size ? prepare(panel, data.lines, hidden, colors.text) : everything, [everything, hidden]);
  const latest = useRef(data);
  latest.current = data;
  const options = useMemo(() => chartOptions(props, drawn, hidden, colors, () => latest.current.exemplars), [panel, hidden, colors]);
  const columns = useMemo(() => [data.times, ...drawn.map((one) => one.shown)] as uPlot.AlignedData, [data, drawn]);
  const below = legendHeight(panel, names, context.pixels, height);
  return <div class="timeseries" onMouseLeave={() => setTip(null)}>
    <Chart options={options} data={columns} height={Math.max(60, height - below)} range={context.range} annotations={annotations} onZoom={onZoom}
      label={`${panel.title}: ${drawn.length} series over time`}
      onClick={(left, top, plot) => {
        const point = nearestExemplar(data.exemplars, plot, left, top);
        if (point) setPinned(point);
      }}
      onCursor={(index, left, top, plot) => setTip(index === null || !plot.over.matches(":hover") ? null
        : {index, spot: spotOf(plot, left), exemplar: nearestExemplar(data.exemplars, plot, left, top)})} />
    {pinned && <ExemplarCard point={pinned} unit={drawn[0]?.options.unit} panel={panel} scope={context.scope} traceUrl={context.traceUrl} close={() => setPinned(null)} />}
    {tip && !pinned && data.times[tip.index] !== undefined && <Tooltip tip={tip} drawn={drawn.filter((one) => !hidden.has(one.name))} time={data.times[tip.index]} annotations={annotations} />}
    <Legend panel={panel} drawn={drawn} hidden={hidden} height={below} toggle={(name, only) => setChoice((before) => choose(before, names, name, only))} />
  </div>;
}
