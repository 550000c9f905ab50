// SPDX-License-Identifier: Apache-2.0
// Tiles with one number, its colour by threshold, and a line of how it was; gauges and bar gauges as bars.
import {color, inkOn, textColor} from "../colors";
import type {PanelData} from "../frames";
import {reduce} from "../reduce";
import {displayName, fieldOptions, mapped, thresholdColor} from "../model";
import type {FieldOptions, Panel} from "../model";
import {format} from "../units";
import type {PanelProps} from "./panel";

interface Tile { name: string; value: number | null; options: FieldOptions; history: (number | null)[] }

export function tilesOf(panel: Panel, data: PanelData): Tile[] {
  const how: string = panel.options?.reduceOptions?.calcs?.[0] ?? "lastNotNull";
  const tiles = data.lines.map((line) => {
    const options = fieldOptions(panel, line.name, line.refId);
    return {name: displayName(options, line.name, line.labels), value: reduce(line.values, how), options, history: line.values};
  });
  return tiles.concat(data.rows.map((row) => {
    const options = fieldOptions(panel, row.name, row.refId);
    return {name: displayName(options, row.name, row.labels), value: typeof row.value === "number" ? row.value : null, options, history: []};
  }));
}

function Sparkline({values, stroke}: {values: (number | null)[]; stroke: string}) {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (known.length < 2) return null;
  const low = Math.min(0, ...known);
  const high = Math.max(...known);
  const y = (value: number) => 28 - ((value - low) / (high - low || 1)) * 26;
  let path = "";
  values.forEach((value, at) => {
    if (value === null || !Number.isFinite(value)) return;
    path += `${path === "" || values[at - 1] === null ? "M" : "L"}${((at / (values.length - 1)) * 100).toFixed(2)} ${y(value).toFixed(2)}`;
  });
  return <svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true"><path d={path} fill="none" stroke={stroke} vector-effect="non-scaling-stroke" /></svg>;
}

// More than a few are scrolled to.
const FEW = 3;
const MOST = 100;
const LONG_TEXT = 14;

export function Stat({panel, data}: PanelProps) {
  const tiles = tilesOf(panel, data);
  const many = tiles.length > FEW;
  const mode: string = panel.options?.colorMode ?? "value";
  const named = tiles.length > 1 && panel.options?.textMode !== "value" || panel.options?.textMode === "value_and_name";
  return <div class={`stat ${many ? "many" : ""}`} tabIndex={many ? 0 : undefined}>{tiles.slice(0, MOST).map((tile) => {
    const map = mapped(tile.value, tile.options);
    const name = map?.color ?? (tile.value === null ? undefined : thresholdColor(tile.value, tile.options));
    const shade = textColor(name);
    const back = color(name, "var(--grid)");
    const text = panel.options?.textMode === "name" ? tile.name
      : map?.text ?? (tile.value === null ? tile.options.noValue ?? "–" : format(tile.value, tile.options.unit, tile.options.decimals));
    return <div class="tile" key={tile.name} style={mode.startsWith("background") ? {background: back, color: inkOn(back)} : {}}>
      {named && <span class="name">{tile.name}</span>}
      <b class={text.length > LONG_TEXT ? "words" : ""} style={mode === "value" ? {color: shade} : {}}>{text}</b>
      {panel.options?.graphMode !== "none" && <Sparkline values={tile.history} stroke={mode === "value" ? shade : "currentColor"} />}
    </div>;
  })}{tiles.length > MOST && <p class="dim">{tiles.length - MOST} more are not shown</p>}</div>;
}

// From where to where bars go: what the file says, else from zero to the most.
function endsOf(panel: Panel, tiles: Tile[]): [number, number] {
  const {min, max} = panel.fieldConfig?.defaults ?? {};
  const values = tiles.map((tile) => tile.value!);
  return [min ?? Math.min(0, ...values), max ?? Math.max(0, ...values)];
}

export function BarGauge({panel, data}: PanelProps) {
  const tiles = tilesOf(panel, data).filter((tile) => tile.value !== null).sort((a, b) => b.value! - a.value!);
  const [least, most] = endsOf(panel, tiles);
  return <div class="bars">{tiles.slice(0, 40).map(({name, value, options}) => {
    const map = mapped(value, options);
    const shade = color(map?.color ?? thresholdColor(value!, options), "#3a7bd5");
    return <div class="bar" key={name}><span title={name}>{name}</span>
      <i><u style={{width: `${Math.max(0.5, Math.min(100, ((value! - least) / (most - least || 1)) * 100))}%`, background: shade}} /></i>
      <b>{map?.text ?? format(value, options.unit, options.decimals)}</b></div>;
  })}{tiles.length > 40 && <p class="dim">{tiles.length - 40} more are not shown</p>}</div>;
}
