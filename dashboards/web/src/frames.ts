// SPDX-License-Identifier: Apache-2.0
// What the queries of a panel returned, as columns: one time axis and one column of values a series.
import {exemplars, query, queryRange} from "./api";
import type {Labels, QueryData, Sample, Series} from "./api";
import {foreignSource} from "./model";
import type {Panel, Target} from "./model";
import {durationMs, durationText, rateInterval, stepSeconds} from "./time";
import type {Range, RawRange} from "./time";
import {interpolate} from "./variables";
import type {Intervals, Scope} from "./variables";

export interface Line { name: string; labels: Labels; refId: string; values: (number | null)[] }
export interface Bucket { low: number; high: number; count: number }
export interface ExemplarPoint { time: number; value: number; labels: Labels; seriesLabels: Labels }
export interface Row { labels: Labels; value: number; refId: string; name: string }
export interface PanelData {
  times: number[];                // seconds
  lines: Line[];
  rows: Row[];                    // of instant queries
  native: {time: number; buckets: Bucket[]}[];  // of the first native histogram series
  exemplars: ExemplarPoint[];
  warnings: string[];
  errors: string[];               // "A: ..." for each query that failed
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

function addInstant(data: PanelData, target: Target, answer: QueryData): void {
  const samples: Sample[] = answer.resultType === "scalar" ? [{metric: {}, value: answer.result}] : answer.result;
  for (const sample of samples) {
    if (sample.value) data.rows.push({labels: sample.metric, value: numberOf(sample.value[1]), refId: target.refId, name: lineName(target, sample.metric)});
  }
}

/** Asks all that the panel shows. One query that fails leaves the others standing. */
export async function loadPanel(panel: Panel, context: Context, signal: AbortSignal): Promise<PanelData> {
  const least = Math.max(context.tickSeconds, (durationMs(panel.interval?.replace(/^>/, "") ?? "") || 0) / 1000);
  const step = stepSeconds(context.range, context.pixels, least);
  const intervals = intervalsFor(context, step);
  const to = Math.floor(context.range.to / 1000 / step) * step;
  const from = Math.min(to, Math.ceil(context.range.from / 1000 / step) * step);  // a range within one step has one point
  const times: number[] = [];
  for (let time = from; time <= to; time += step) times.push(time);
  const data: PanelData = {times, lines: [], rows: [], native: [], exemplars: [], warnings: [], errors: [], intervals, step};
  const indexOf = new Map(times.map((time, at) => [Math.round(time * 1000), at]));
  await Promise.all((panel.targets ?? []).filter((target) => !target.hide && target.expr).map(async (target) => {
    const expr = interpolate(target.expr, context.scope, intervals);
    try {
      const foreign = foreignSource(panel, target);
      if (foreign) throw new Error(`asks a data source of type “${foreign}”; here is none but the agent`);
      if (target.instant && !target.range) {
        const {data: answer, warnings} = await query(expr, context.range.to, signal);
        addInstant(data, target, answer);
        data.warnings.push(...warnings);
        return;
      }
      const {data: answer, warnings} = await queryRange(expr, from * 1000, to * 1000, step, signal);
      addRange(data, target, answer.result, indexOf);
      data.warnings.push(...warnings);
      if (target.exemplar) await addExemplars(data, expr, context, signal);
    } catch (error) {
      if (signal.aborted) throw error;
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

/** One number of a column, by the name of Grafana's calculation. */
export function reduce(values: (number | null)[], how: string): number | null {
  const known = values.filter((value): value is number => value !== null && !Number.isNaN(value));
  if (known.length === 0) return null;
  switch (how) {
    case "mean": return known.reduce((sum, value) => sum + value, 0) / known.length;
    case "sum": return known.reduce((sum, value) => sum + value, 0);
    case "max": return known.reduce((most, value) => Math.max(most, value), -Infinity);
    case "min": return known.reduce((least, value) => Math.min(least, value), Infinity);
    case "count": return known.length;
    case "first": case "firstNotNull": return known[0];
    case "diff": return known[known.length - 1] - known[0];
    case "range": return reduce(values, "max")! - reduce(values, "min")!;
    default: return known[known.length - 1];
  }
}
