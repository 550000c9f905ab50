// SPDX-License-Identifier: Apache-2.0
// Lines over time: fill, stacking, thresholds, exemplars, a legend that hides and shows, a tooltip that sorts.
import {useMemo, useRef, useState} from "preact/hooks";
import uPlot from "uplot";
import {color, seriesColor} from "../colors";
import {reduce} from "../frames";
import type {ExemplarPoint, Line} from "../frames";
import {fieldOptions} from "../model";
import type {FieldOptions} from "../model";
import {clock} from "../time";
import {format} from "../units";
import {AnnotationLines, Chart, themeColors, timeAxis} from "./chart";
import type {Annotation} from "../annotations";
import {ExemplarCard, ExemplarLines, drawExemplars, nearestExemplar} from "./exemplars";
import type {PanelProps} from "./panel";

// `below`: the series this one is stacked upon, as an index into the drawn ones.
interface Drawn { line: Line; options: FieldOptions; name: string; color: string; raw: (number | null)[]; shown: (number | null)[]; below?: number }

// NaN and infinity have no place on an axis; the tooltip and the legend still tell them.
const drawable = (value: number | null) => value !== null && Number.isFinite(value) ? value : null;

function prepare({panel, data}: PanelProps, hidden: Set<string>): Drawn[] {
  let sum: number[] | undefined;
  let last: number | undefined;
  return data.lines.map((line, index) => {
    const options = fieldOptions(panel, line.name, line.refId);
    const name = options.displayName ?? line.name;
    const fixed = options.color?.mode === "fixed" ? color(options.color.fixedColor) : undefined;
    const drawn: Drawn = {line, options, name, color: fixed ?? seriesColor(name, index), raw: line.values, shown: line.values.map(drawable)};
    if (options.custom?.stacking?.mode === "normal" && !hidden.has(name)) {
      const total: number[] = sum ??= new Array(line.values.length).fill(0);
      drawn.shown = drawn.shown.map((value, at) => value === null ? null : (total[at] += value));
      drawn.below = last;
      last = index;
    }
    return drawn;
  });
}

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

// `exemplars` is read at each drawing: new ones do not make a new chart.
function chartOptions(props: PanelProps, drawn: Drawn[], hidden: Set<string>, exemplars: () => ExemplarPoint[]): Omit<uPlot.Options, "width" | "height" | "cursor"> {
  const colors = themeColors();
  const defaults = props.panel.fieldConfig?.defaults ?? {};
  const unit = drawn[0]?.options.unit ?? defaults.unit;
  const log = defaults.custom?.scaleDistribution?.type === "log";
  return {
    scales: {
      x: {time: true},
      y: {distr: log ? 3 : 1, range: (_, low, high) => {
        const min = defaults.min ?? (log ? low : Math.min(0, low ?? 0));
        const max = defaults.max ?? ((high ?? 1) === min ? min + 1 : (high ?? 1) + ((high ?? 1) - min) * 0.08);
        return [min, max];
      }},
    },
    axes: [timeAxis(colors), {
      stroke: colors.text, grid: {stroke: colors.grid, width: 1}, ticks: {show: false}, font: "11px system-ui", label: defaults.custom?.axisLabel || undefined,
      size: (_, values) => 16 + Math.max(20, ...(values ?? []).map((text) => (text?.length ?? 0) * 6.2)),
      values: (_, splits) => splits.map((value) => value === null ? "" : format(value, unit, defaults.decimals)),
    }],
    series: [{}, ...drawn.map(({name, color: stroke, options}): uPlot.Series => ({
      label: name, show: !hidden.has(name), stroke, width: options.custom?.lineWidth ?? 1.5, dash: options.custom?.lineStyle?.fill === "dash" ? options.custom.lineStyle.dash ?? [10, 10] : undefined, spanGaps: options.custom?.spanNulls === true,
      fill: options.custom?.fillOpacity ? `${stroke}${Math.round(options.custom.fillOpacity * 2.55).toString(16).padStart(2, "0")}` : undefined,
      points: {show: options.custom?.drawStyle === "points" ? true : undefined, size: 4},
      paths: options.custom?.drawStyle === "bars" ? uPlot.paths.bars!({size: [0.8, 40]}) : undefined,
    }))],
    // What is stacked fills only down to what it stands on.
    bands: drawn.flatMap(({below}, at) => below === undefined ? [] : [{series: [at + 1, below + 1] as [number, number]}]),
    hooks: {draw: [(plot) => drawThresholds(plot, defaults), (plot) => drawExemplars(plot, exemplars())]},
  };
}

interface Tip { index: number; left: number; top: number; width: number; exemplar?: ExemplarPoint }

function Tooltip({tip, drawn, time, annotations}: {tip: Tip; drawn: Drawn[]; time: number; annotations: Annotation[]}) {
  const rows = drawn.filter(({raw}) => raw[tip.index] !== null && raw[tip.index] !== undefined)
    .sort((a, b) => b.raw[tip.index]! - a.raw[tip.index]!).slice(0, 16);
  const right = tip.left > tip.width / 2;
  const exemplar = tip.exemplar;
  return <div class="tooltip" style={{top: "8px", ...(right ? {right: `${tip.width - tip.left + 16}px`} : {left: `${tip.left + 64}px`})}}>
    <div class="when">{clock(time * 1000, true)}</div>
    {rows.map((one) => <div class="row" key={one.name}><i style={{background: one.color}} /><span>{one.name}</span>
      <b>{format(one.raw[tip.index], one.options.unit, one.options.decimals)}</b></div>)}
    {rows.length === 0 && <div class="dim">no value here</div>}
    {exemplar && <ExemplarLines point={exemplar} unit={drawn[0]?.options.unit} />}
    <AnnotationLines annotations={annotations} time={time} />
  </div>;
}

function Legend({panel, drawn, hidden, toggle}: {panel: PanelProps["panel"]; drawn: Drawn[]; hidden: Set<string>; toggle(name: string, only: boolean): void}) {
  const {showLegend = true, displayMode = "list", calcs = []} = panel.options?.legend ?? {};
  if (!showLegend || displayMode === "hidden" || drawn.length === 0) return null;
  const columns: string[] = displayMode === "table" ? (calcs.length ? calcs : ["lastNotNull"]) : calcs;
  const button = ({name, color: stroke}: Drawn) => <button class={hidden.has(name) ? "off" : ""} aria-pressed={!hidden.has(name)}
    title="click: only this one; ctrl and click: hide or show" onClick={(event) => toggle(name, !(event.ctrlKey || event.metaKey))}>
    <i style={{background: stroke}} />{name}</button>;
  if (displayMode !== "table") {
    return <div class="legend">{drawn.slice(0, 40).map((one) => <span key={one.name}>{button(one)}{columns.map((how) =>
      <em key={how}>{format(reduce(one.raw, how), one.options.unit, one.options.decimals)}</em>)}</span>)}</div>;
  }
  return <div class="legend table"><table>
    <thead><tr><th aria-label="series" />{columns.map((how) => <th key={how} class="number">{how === "lastNotNull" ? "last" : how}</th>)}</tr></thead>
    <tbody>{drawn.slice(0, 100).map((one) => <tr key={one.name}><td>{button(one)}</td>{columns.map((how) =>
      <td key={how} class="number">{format(reduce(one.raw, how), one.options.unit, one.options.decimals)}</td>)}</tr>)}</tbody></table></div>;
}

export function TimeSeries(props: PanelProps) {
  const {data, panel, height, context, annotations, onZoom} = props;
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  const [tip, setTip] = useState<Tip | null>(null);
  const [pinned, setPinned] = useState<ExemplarPoint | null>(null);
  const names = data.lines.map((line) => line.name).join("\n");
  const drawn = useMemo(() => prepare(props, hidden), [data, panel, hidden]);
  const latest = useRef(data);
  latest.current = data;
  const options = useMemo(() => chartOptions(props, drawn, hidden, () => latest.current.exemplars), [panel, names, hidden, props.theme]);
  const columns = useMemo(() => [data.times, ...drawn.map((one) => one.shown)] as uPlot.AlignedData, [data, drawn]);

  const toggle = (name: string, only: boolean) => setHidden((before) => {
    const all = drawn.map((one) => one.name);
    if (!only) {
      const next = new Set(before);
      if (!next.delete(name)) next.add(name);
      return next;
    }
    const alone = all.length - before.size === 1 && !before.has(name);
    return alone ? new Set() : new Set(all.filter((one) => one !== name));
  });

  const table = panel.options?.legend?.displayMode === "table";
  const legendHeight = panel.options?.legend?.showLegend === false ? 0 : table ? Math.min(height * 0.4, 26 + drawn.length * 20) : 26;
  return <div class="timeseries" onMouseLeave={() => setTip(null)}>
    <Chart options={options} data={columns} height={Math.max(60, height - legendHeight)} range={context.range} annotations={annotations} onZoom={onZoom}
      label={`${panel.title}: ${drawn.length} series over time`}
      onClick={(left, top, plot) => {
        const point = nearestExemplar(data.exemplars, plot, left, top);
        if (point) setPinned(point);
      }}
      onCursor={(index, left, top, plot) => setTip(index === null || !plot.over.matches(":hover") ? null
        : {index, left, top, width: plot.over.clientWidth, exemplar: nearestExemplar(data.exemplars, plot, left, top)})} />
    {pinned && <ExemplarCard point={pinned} unit={drawn[0]?.options.unit} panel={panel} scope={context.scope} traceUrl={context.traceUrl} close={() => setPinned(null)} />}
    {tip && !pinned && data.times[tip.index] !== undefined && <Tooltip tip={tip} drawn={drawn.filter((one) => !hidden.has(one.name))} time={data.times[tip.index]} annotations={annotations} />}
    <div style={{maxHeight: `${legendHeight}px`, overflow: "auto"}}><Legend panel={panel} drawn={drawn} hidden={hidden} toggle={toggle} /></div>
  </div>;
}
