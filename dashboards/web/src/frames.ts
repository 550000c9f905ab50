// SPDX-License-Identifier: Apache-2.0
// What the queries of a panel returned, as columns: one time axis and one column of values a series.
import {exemplars, isAway, query, queryRange} from "./api";
import type {Labels, NativeHistogram, QueryData, Sample, Series} from "./api";
import {withMatchers} from "./matchers";
import {foreignSource, foreignWords} from "./model";
import type {Panel, Target} from "./model";
import {clock, durationMs, durationText, rateInterval, stepSeconds} from "./time";
import type {Range, RawRange} from "./time";
import {filtersOf, interpolate} from "./variables";
import type {Intervals, Scope} from "./variables";

export interface Line { name: string; labels: Labels; refId: string; values: (number | null)[] }
export interface Bucket { low: number; high: number; count: number }
export interface ExemplarPoint { time: number; value: number; labels: Labels; seriesLabels: Labels }
/** `value` is a text where the answer is no single number. */
export interface Row { labels: Labels; value: number | string; refId: string; name: string }
export interface PanelData {
  times: number[];                // seconds
  lines: Line[];
  rows: Row[];                    // of instant queries
  native: {time: number; buckets: Bucket[]}[];  // of the first native histogram series
  exemplars: ExemplarPoint[];
  warnings: string[];
  errors: string[];               // "A: ..." for each query that failed
  away: boolean;                  // the agent was not reached
  intervals: Intervals;
  step: number;
}

export interface Context { range: Range; raw: RawRange; scope: Scope; tickSeconds: number; pixels: number; traceUrl?: string }

export function intervalsFor(context: Context, step: number): Intervals {
  const {range, raw, tickSeconds} = context;
  const rangeMs = range.to - range.from;
  return {
    __interval: durationText(step * 1000), __interval_ms: String(step * 1000),
    __rate_interval: durationText(rateInterval(step, tickSeconds) * 1000),
    __range: durationText(rangeMs), __range_s: String(Math.round(rangeMs / 1000)), __range_ms: String(rangeMs),
    __from: String(range.from), __to: String(range.to), __raw_from: raw.from, __raw_to: raw.to,
  };
}

/** "{{server_name}} failures" for a series; its labels where nothing is said. */
export function lineName(target: Target, labels: Labels): string {
  const wanted = target.legendFormat;
  if (wanted && wanted !== "__auto") return wanted.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? "");
  const {__name__ = "", ...rest} = labels;
  const text = Object.entries(rest).map(([name, value]) => `${name}="${value}"`).join(", ");
  return text ? (__name__ ? `${__name__}{${text}}` : Object.keys(rest).length === 1 ? Object.values(rest)[0] : `{${text}}`) : __name__ || target.expr;
}

export const numberOf = (text: string): number => text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);

function addRange(data: PanelData, target: Target, result: Series[], indexOf: Map<number, number>): void {
  for (const series of result) {
    if (series.histograms?.length && data.native.length === 0) {
      data.native = series.histograms.map(([time, histogram]) => ({time, buckets: (histogram.buckets ?? []).map(([, low, high, count]) =>
        ({low: numberOf(low), high: numberOf(high), count: numberOf(count)}))}));
    }
    if (!series.values?.length) continue;
    const values: (number | null)[] = new Array(data.times.length).fill(null);
    for (const [time, value] of series.values) {
      const at = indexOf.get(Math.round(time * 1000));
      if (at !== undefined) values[at] = numberOf(value);
    }
    data.lines.push({name: lineName(target, series.metric), labels: series.metric, refId: target.refId, values});
  }
}

const MOST_SAMPLES = 50;
const histogramText = ({count, sum}: NativeHistogram) => `a histogram of ${count}, sum ${sum}`;

// The newest first, one a line.
function samplesText({values = [], histograms = []}: Series): string {
  const all = [...values.map(([time, value]): [number, string] => [time, value]), ...histograms.map(([time, histogram]): [number, string] => [time, histogramText(histogram)])]
    .sort((a, b) => b[0] - a[0]);
  const lines = all.slice(0, MOST_SAMPLES).map(([time, value]) => `${value} at ${clock(time * 1000)}`);
  return [...lines, ...(all.length > MOST_SAMPLES ? [`and ${all.length - MOST_SAMPLES} more`] : [])].join("\n");
}

function addInstant(data: PanelData, target: Target, answer: QueryData): void {
  const row = (labels: Labels, value: number | string) => data.rows.push({labels, value, refId: target.refId, name: lineName(target, labels)});
  switch (answer.resultType) {
    case "string": row({}, answer.result[1]); break;
    case "scalar": row({}, numberOf(answer.result[1])); break;
    case "matrix": for (const series of answer.result as Series[]) row(series.metric, samplesText(series)); break;
    default: for (const {metric, value, histogram} of answer.result as Sample[]) row(metric, value ? numberOf(value[1]) : histogramText(histogram![1]));
  }
}

/** Asks all that the panel shows. One query that fails leaves the others standing. */
export async function loadPanel(panel: Panel, context: Context, signal: AbortSignal): Promise<PanelData> {
  const least = Math.max(context.tickSeconds, (durationMs(panel.interval?.replace(/^>/, "") ?? "") || 0) / 1000);
  const step = stepSeconds(context.range, context.pixels, least);
  const intervals = intervalsFor(context, step);
  const end = Math.min(context.range.to, Date.now());  // "today" ends in the future: nothing is known of that
  const to = Math.floor(end / 1000 / step) * step;
  const from = Math.min(to, Math.ceil(context.range.from / 1000 / step) * step);  // a range within one step has one point
  const times: number[] = [];
  for (let time = from; time <= to; time += step) times.push(time);
  const data: PanelData = {times, lines: [], rows: [], native: [], exemplars: [], warnings: [], errors: [], away: false, intervals, step};
  const indexOf = new Map(times.map((time, at) => [Math.round(time * 1000), at]));
  await Promise.all((panel.targets ?? []).filter((target) => !target.hide && (target.expr || foreignSource(panel, target))).map(async (target) => {
    try {
      const foreign = foreignSource(panel, target);
      if (foreign) throw new Error(foreignWords(foreign));
      const expr = withMatchers(interpolate(target.expr, context.scope, intervals), filtersOf(context.scope));
      if (target.instant && !target.range) {
        const {data: answer, warnings} = await query(expr, end, signal);
        addInstant(data, {...target, expr}, answer);
        data.warnings.push(...warnings);
        return;
      }
      const {data: answer, warnings} = await queryRange(expr, from * 1000, to * 1000, step, signal);
      addRange(data, {...target, expr}, answer.result, indexOf);
      data.warnings.push(...warnings);
      if (target.exemplar) await addExemplars(data, expr, context, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      data.away ||= isAway(error);
      data.errors.push(`${target.refId}: ${(error as Error).message}`);
    }
  }));
  const order = new Map((panel.targets ?? []).map((target, at) => [target.refId, at]));
  data.lines.sort((a, b) => order.get(a.refId)! - order.get(b.refId)!);
  data.rows.sort((a, b) => order.get(a.refId)! - order.get(b.refId)!);
  return data;
}

async function addExemplars(data: PanelData, expr: string, context: Context, signal: AbortSignal): Promise<void> {
  try {
    const found = (await exemplars(expr, context.range.from, context.range.to, signal)).data.flatMap(({seriesLabels, exemplars: list}) =>
      list.map(({labels, value, timestamp}): ExemplarPoint => ({time: timestamp, value: Number(value), labels, seriesLabels})));
    // The slowest few of each stretch: the rest would hide the lines.
    const kept = new Map<number, number>();
    const stretch = Math.max(data.step, (context.range.to - context.range.from) / 1000 / 60);
    for (const point of found.sort((a, b) => b.value - a.value)) {
      const at = Math.floor(point.time / stretch);
      kept.set(at, (kept.get(at) ?? 0) + 1);
      if (kept.get(at)! <= 3) data.exemplars.push(point);
    }
  } catch (error) {
    if (signal.aborted) throw error;  // a panel is whole without them
  }
}
