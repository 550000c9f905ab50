// SPDX-License-Identifier: Apache-2.0
// Exemplars: a diamond for each over a chart, what it says under the mouse, and a card that a click pins, to copy from and to
// follow its links to the traces.
import {useRef} from "preact/hooks";
import type uPlot from "uplot";
import type {ExemplarPoint} from "../frames";
import type {Panel} from "../model";
import {useDismiss} from "../popover";
import {clock} from "../time";
import {format} from "../units";
import {readable} from "../variables";
import type {Scope} from "../variables";

const HALF = 3.5;
const NEAR = 8;

// What lies above the chart is drawn at its upper edge.
function placeOf(plot: uPlot, point: ExemplarPoint, canvas: boolean): {x: number; y: number} {
  const edge = canvas ? plot.bbox.top + HALF * devicePixelRatio : HALF;
  return {x: plot.valToPos(point.time, "x", canvas), y: Math.max(edge, plot.valToPos(point.value, "y", canvas))};
}

export function drawExemplars(plot: uPlot, points: ExemplarPoint[]): void {
  const {ctx, bbox} = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = "#b06c9b";
  const size = HALF * devicePixelRatio;
  for (const point of points) {
    const {x, y} = placeOf(plot, point, true);
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.fill();
  }
  ctx.restore();
}

/** The one under the mouse, if any: of several, the nearest. */
export function nearestExemplar(points: ExemplarPoint[], plot: uPlot, left: number, top: number): ExemplarPoint | undefined {
  let nearest: ExemplarPoint | undefined;
  let least = NEAR;
  for (const point of points) {
    const {x, y} = placeOf(plot, point, false);
    const distance = Math.hypot(x - left, y - top);
    if (distance < least) [nearest, least] = [point, distance];
  }
  return nearest;
}

export function ExemplarLines({point, unit}: {point: ExemplarPoint; unit?: string}) {
  return <div class="exemplar"><b>exemplar</b> {format(point.value, unit)}
    {Object.entries(point.labels).map(([name, value]) => <div key={name}>{name}: <code>{value}</code></div>)}</div>;
}

/** Where the panel's links and the agent's trace_url lead from this exemplar; Grafana's own Explore is not here. */
export function linksOf(panel: Panel, labels: Record<string, string>, scope: Scope, traceUrl?: string): {title: string; url: string}[] {
  const links = (panel.fieldConfig?.defaults?.links ?? []).filter((link) => !/^\/explore\?.*panes=/.test(link.url)).map((link) => ({
    title: link.title,
    url: readable(link.url.replace(/\$\{(?:__(?:field|data)\.labels\.)?(\w+)\}/g, (whole, name) => Object.hasOwn(labels, name) ? encodeURIComponent(labels[name]) : whole), scope)
      .replace(/\$\{__(?:field|data)\.labels\.\w+\}/g, ""),
  }));
  const trace = traceUrl && labels.trace_id ? [{title: "this trace", url: traceUrl.replaceAll("{trace_id}", encodeURIComponent(labels.trace_id))}] : [];
  return [...trace, ...links];
}

export function ExemplarCard({point, unit, panel, scope, traceUrl, close}: {point: ExemplarPoint; unit?: string; panel: Panel; scope: Scope; traceUrl?: string; close(): void}) {
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, true, close);
  const links = linksOf(panel, {...point.seriesLabels, ...point.labels}, scope, traceUrl);
  return <div class="tooltip pinned" ref={box} role="dialog" aria-label="exemplar">
    <div class="when">{clock(point.time * 1000, true)} <button class="icon" aria-label="close" onClick={close}>✕</button></div>
    <div class="labels">{Object.entries(point.seriesLabels).filter(([name]) => name !== "__name__" && name !== "le").map(([name, value]) => <code key={name}>{name}={value}</code>)}</div>
    <ExemplarLines point={point} unit={unit} />
    <div class="links">{links.map((link) => <a key={link.url} href={link.url} target="_blank" rel="noreferrer">{link.title}</a>)}</div>
  </div>;
}
