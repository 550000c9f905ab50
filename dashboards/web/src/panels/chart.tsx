// SPDX-License-Identifier: Apache-2.0
// A uPlot chart that follows its box, its theme and the other charts' cursor; dragging zooms, shift and dragging pans,
// a double click zooms out.
import {useEffect, useRef} from "preact/hooks";
import uPlot from "uplot";
import {unitedByColor} from "../annotations";
import type {Annotation} from "../annotations";
import type {Range} from "../time";

export interface ChartProps {
  options: Omit<uPlot.Options, "width" | "height" | "cursor">; data: uPlot.AlignedData; height: number; range: Range;
  annotations?: Annotation[]; onZoom(from: number, to: number): void; onCursor?(index: number | null, left: number, top: number, plot: uPlot): void;
  onClick?(left: number, top: number, plot: uPlot): void; label: string;
}

const SYNC = uPlot.sync("tocsin");

function drawAnnotations(plot: uPlot, annotations: Annotation[]): void {
  const {ctx, bbox} = plot;
  ctx.save();
  for (const one of unitedByColor(annotations)) {
    const left = Math.max(bbox.left, plot.valToPos(one.from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(one.to, "x", true));
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.fillStyle = one.color;
    ctx.globalAlpha = 0.07;
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    ctx.globalAlpha = 0.8;
    ctx.fillRect(left, bbox.top + bbox.height - 3 * devicePixelRatio, Math.max(2, right - left), 3 * devicePixelRatio);
  }
  ctx.restore();
}

/** What the annotations say of a time: what fired, what restarted. */
export function AnnotationLines({annotations, time}: {annotations: Annotation[]; time: number}) {
  const texts = [...new Set(annotations.filter((one) => time >= one.from - 1 && time <= one.to + 1).map((one) => one.text))];
  return <>{texts.slice(0, 6).map((text) => <div class="annotation" key={text}>{text}</div>)}</>;
}

// Shift and dragging moves the range instead of selecting one; the chart follows the mouse, the others when it is let go.
function panOnShift(plot: uPlot, onZoom: ChartProps["onZoom"]): void {
  plot.over.addEventListener("mousedown", (down) => {
    if (!down.shiftKey || down.button !== 0) return;
    down.stopImmediatePropagation();
    down.preventDefault();  // no text is selected on the way
    const min = plot.scales.x.min!;
    const max = plot.scales.x.max!;
    const shift = (event: MouseEvent) => ((down.clientX - event.clientX) / plot.over.clientWidth) * (max - min);
    const show = (by: number) => plot.setScale("x", {min: min + by, max: max + by});
    const move = (event: MouseEvent) => show(shift(event));
    const up = (event: MouseEvent) => {
      removeEventListener("mousemove", move);
      removeEventListener("mouseup", up);
      show(0);  // where the range may not go, the chart does not stay
      if (Math.abs(event.clientX - down.clientX) > 3) onZoom((min + shift(event)) * 1000, (max + shift(event)) * 1000);
    };
    addEventListener("mousemove", move);
    addEventListener("mouseup", up);
  }, {capture: true});
}

// uPlot remembers where a chart stands; what loads above it moves it.
function followMoves(plot: uPlot): void {
  plot.over.addEventListener("mousemove", () => plot.syncRect(true), {capture: true});
}

// Where the mouse is when it clicks, whatever the chart last heard of it.
function tellClicks(plot: uPlot, tell: (left: number, top: number) => void): void {
  plot.over.addEventListener("click", (event) => {
    const {left, top} = plot.over.getBoundingClientRect();
    tell(event.clientX - left, event.clientY - top);
  });
}

function zoomOut(plot: uPlot, onZoom: ChartProps["onZoom"]): null {
  const {min, max} = plot.scales.x;
  const half = (max! - min!) / 2;
  onZoom((min! - half) * 1000, (max! + half) * 1000);
  return null;
}

// Charts share where the mouse is, not what is selected: one drag is one zoom.
const shared = (type: string) => type === "mousemove" || type === "mouseleave";

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const {options, data, height} = latest.current;
    const made = new uPlot({
      ...options,
      width: box.current!.clientWidth || 300, height,
      legend: {show: false},
      cursor: {
        sync: {key: SYNC.key, setSeries: false, filters: {pub: shared, sub: shared}}, bind: {dblclick: (self) => () => zoomOut(self, latest.current.onZoom)}, drag: {x: true, y: false, setScale: false}, focus: {prox: 24},
        points: {size: 6},
      },
      hooks: {
        ...options.hooks,
        ready: [(self) => {
          followMoves(self);
          panOnShift(self, (from, to) => latest.current.onZoom(from, to));
          tellClicks(self, (left, top) => latest.current.onClick?.(left, top, self));
        }],
        drawClear: [...(options.hooks?.drawClear ?? []), (self) => drawAnnotations(self, latest.current.annotations ?? [])],
        setSelect: [(self) => {
          if (self.select.width < 4) return;
          const from = self.posToVal(self.select.left, "x");
          const to = self.posToVal(self.select.left + self.select.width, "x");
          self.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
          latest.current.onZoom(from * 1000, to * 1000);
        }],
        setCursor: [(self) => {
          const {idx, left = -1, top = -1} = self.cursor;
          latest.current.onCursor?.(left < 0 ? null : idx ?? null, left, top, self);
        }],
      },
    }, data, box.current!);
    plot.current = made;
    const own = box.current!;  // the ref is empty once the panel has gone, and a last observation may still come
    const observer = new ResizeObserver(() => made.setSize({width: Math.max(60, own.clientWidth), height: latest.current.height}));
    observer.observe(own);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [props.options]);

  useEffect(() => {
    plot.current?.setData(props.data, false);
    plot.current?.setScale("x", {min: props.range.from / 1000, max: props.range.to / 1000});
  }, [props.options, props.data, props.range.from, props.range.to]);
  useEffect(() => plot.current?.setSize({width: Math.max(60, box.current!.clientWidth), height: props.height}), [props.height]);
  useEffect(() => plot.current?.redraw(false), [props.annotations]);

  return <div class="chart" ref={box} role="img" aria-label={props.label} />;
}

/** The colours of axes and grid in the present theme. */
export function themeColors(): {text: string; grid: string; back: string} {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {text: read("--dim"), grid: read("--grid"), back: read("--panel")};
}

// As close as Grafana's: uPlot's own have nothing between one minute and five.
const TIME_STEPS = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200,
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 30, 60, 90, 180, 365].map((days) => days * 86_400)];

export function timeAxis(colors: {text: string; grid: string}): uPlot.Axis {
  return {stroke: colors.text, grid: {stroke: colors.grid, width: 1}, ticks: {stroke: colors.grid, width: 1, size: 5}, font: "11px system-ui", space: 70, gap: 4,
    size: (_, values) => values?.some((text) => text?.includes("\n")) ? 44 : 30,
    incrs: TIME_STEPS,
    values: [
      [86400, "{MMM} {D}", null, null, null, null, null, null, 1], [3600, "{HH}:{mm}", "\n{MMM} {D}", null, null, null, null, null, 1],
      [60, "{HH}:{mm}", "\n{MMM} {D}", null, null, null, null, null, 1], [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1]],
  };
}
