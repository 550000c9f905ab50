// SPDX-License-Identifier: Apache-2.0
// States over time: for each series a band in the colours of its values, as the panel's mappings and thresholds name them.
import {color, inkOn, seriesColor} from "../colors";
import type {Line, PanelData} from "../frames";
import {displayName, fieldOptions, mapped, thresholdColor} from "../model";
import type {FieldOptions, Panel} from "../model";
import {clock} from "../time";
import {format} from "../units";
import type {PanelProps} from "./panel";

export interface Stretch { from: number; to: number; text: string; color: string }  // seconds

const MOST = 60;

function shadeOf(value: number, text: string, options: FieldOptions, seen: string[]): string {
  const named = mapped(value, options)?.color ?? thresholdColor(value, options);
  if (named !== undefined) return color(named);
  if (!seen.includes(text)) seen.push(text);
  return seriesColor(text, seen.indexOf(text));
}

/** Where a series has which state; samples that follow each other in one state are one stretch. */
export function stretchesOf({values}: Line, {times, step}: Pick<PanelData, "times" | "step">, options: FieldOptions): Stretch[] {
  const found: Stretch[] = [];
  const seen: string[] = [];
  values.forEach((value, at) => {
    if (value === null) return;
    const text = mapped(value, options)?.text ?? format(value, options.unit, options.decimals);
    const last = found[found.length - 1];
    if (last && last.text === text && times[at] - last.to < step / 2) last.to = times[at] + step;
    else found.push({from: times[at], to: times[at] + step, text, color: shadeOf(value, text, options, seen)});
  });
  return found;
}

function Band({line, panel, data, range}: {line: Line; panel: Panel; data: PanelData; range: PanelProps["context"]["range"]}) {
  const options = fieldOptions(panel, line.name, line.refId);
  const name = displayName(options, line.name, line.labels);
  const place = (seconds: number) => Math.min(100, Math.max(0, (seconds * 1000 - range.from) / (range.to - range.from) * 100));
  return <div class="band"><span title={name}>{name}</span><div>{stretchesOf(line, data, options).map((one) => {
    const left = place(one.from);
    const width = place(one.to) - left;
    return <i key={one.from} title={`${one.text}: ${clock(one.from * 1000)} to ${clock(one.to * 1000)}`} style={{left: `${left}%`, width: `${width}%`, background: one.color, color: inkOn(one.color)}}>{width > 6 ? one.text : ""}</i>;
  })}</div></div>;
}

export function States({panel, data, context: {range}}: PanelProps) {
  return <div class="bands" tabIndex={0}>{data.lines.slice(0, MOST).map((line) => <Band key={line.name} line={line} panel={panel} data={data} range={range} />)}
    {data.lines.length > MOST && <p class="dim">{data.lines.length - MOST} more are not shown</p>}
    <div class="band ends"><span /><div><span>{clock(range.from)}</span><span>{clock(range.to)}</span></div></div></div>;
}
