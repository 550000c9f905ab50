// SPDX-License-Identifier: Apache-2.0
// The names under a chart: a click shows one alone, ctrl and a click hides one; beside each what its values come to.
import {knowsReducer, reduce} from "../reduce";
import type {FieldOptions, Panel} from "../model";
import {format} from "../units";

/** What somebody chose to see: one alone, or all but some. By name, so that it outlives a refresh. */
export interface Choice { only?: string; hidden: string[] }
export const EVERYTHING: Choice = {hidden: []};

/** Which of the names are not drawn. A choice that none of them fits is of other series: then all are drawn. */
export function hiddenOf(choice: Choice, names: string[]): Set<string> {
  const hidden = choice.only !== undefined ? (names.includes(choice.only) ? names.filter((name) => name !== choice.only) : [])
    : names.filter((name) => choice.hidden.includes(name));
  return new Set(hidden.length < names.length ? hidden : []);
}

export function choose(before: Choice, names: string[], name: string, alone: boolean): Choice {
  const hidden = hiddenOf(before, names);
  if (!alone) return {hidden: hidden.has(name) ? [...hidden].filter((one) => one !== name) : [...hidden, name]};
  return names.length - hidden.size === 1 && !hidden.has(name) ? EVERYTHING : {only: name, hidden: []};
}

interface Named { name: string; color: string; options: FieldOptions; raw: (number | null)[] }

const MOST = 200;
const ROW_PIXELS = 22;
const LETTER_PIXELS = 7;
const HEADS: Record<string, string> = {lastNotNull: "last", firstNotNull: "first"};

/** Grafana's words for what stands beside a name; a table says at least the last value. */
function columnsOf(panel: Panel): string[] | null {
  const {showLegend = true, displayMode = "list", calcs = []} = panel.options?.legend ?? {};
  if (!showLegend || displayMode === "hidden") return null;
  return displayMode === "table" && calcs.length === 0 ? ["lastNotNull"] : calcs;
}

const isTable = (panel: Panel) => panel.options?.legend?.displayMode === "table";

/** How high it may become under a chart of that size; the rest is scrolled to. */
export function legendHeight(panel: Panel, names: string[], width: number, height: number): number {
  const columns = columnsOf(panel);
  if (!columns || names.length === 0) return 0;
  if (isTable(panel)) return Math.min(height * 0.4, 26 + names.length * 20);
  const pixels = names.reduce((sum, name) => sum + Math.min(width, name.length * LETTER_PIXELS + 34 + columns.length * 60), 0);
  return Math.min(Math.max(26, height * 0.35), Math.ceil(pixels / width) * ROW_PIXELS + 4);
}

const textOf = (one: Named, how: string) => knowsReducer(how) ? format(reduce(one.raw, how), one.options.unit, one.options.decimals) : `${how}?`;

export function Legend({panel, drawn, hidden, height, toggle}: {panel: Panel; drawn: Named[]; hidden: Set<string>; height: number; toggle(name: string, only: boolean): void}) {
  const columns = columnsOf(panel);
  if (!columns || drawn.length === 0) return null;
  const button = ({name, color: stroke}: Named) => <button class={hidden.has(name) ? "off" : ""} aria-pressed={!hidden.has(name)}
    title="click: only this one; ctrl and click: hide or show" onClick={(event) => toggle(name, !(event.ctrlKey || event.metaKey))}>
    <i style={{background: stroke}} />{name}</button>;
  const shown = drawn.slice(0, MOST);
  return <div class={`legend ${isTable(panel) ? "table" : ""}`} style={{maxHeight: `${height}px`}}>
    {isTable(panel) ? <table>
      <thead><tr><th aria-label="series" />{columns.map((how) => <th key={how} class="number">{HEADS[how] ?? how}</th>)}</tr></thead>
      <tbody>{shown.map((one, at) => <tr key={at}><td>{button(one)}</td>{columns.map((how) => <td key={how} class="number">{textOf(one, how)}</td>)}</tr>)}</tbody></table>
      : shown.map((one, at) => <span key={at}>{button(one)}{columns.map((how) => <em key={how}>{textOf(one, how)}</em>)}</span>)}
    {drawn.length > MOST && <span class="dim">and {drawn.length - MOST} more</span>}
  </div>;
}
