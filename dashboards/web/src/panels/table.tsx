// SPDX-License-Identifier: Apache-2.0
// Instant queries as a table: the queries' rows are joined by their labels, columns are named, hidden and ordered as the
// panel's transformations say; a click on a head sorts.
import {useState} from "preact/hooks";
import {color, inkOn, textColor} from "../colors";
import type {PanelData} from "../frames";
import {fieldOptions, mapped, thresholdColor} from "../model";
import type {Panel} from "../model";
import {reduce} from "../reduce";
import {format} from "../units";
import {cellAddress, readable} from "../variables";
import type {PanelProps} from "./panel";

export type Cell = string | number | null;
export interface Table { columns: string[]; rows: Cell[][] }

// Of a range query the last value of each series.
const rowsOf = (data: PanelData) => [...data.rows, ...data.lines.map(({labels, refId, name, values}) => ({labels, refId, name, value: reduce(values, "lastNotNull")}))];

const HEADS: Record<string, string> = {lastNotNull: "Last *", firstNotNull: "First *", sum: "Total"};
const headOf = (how: string) => HEADS[how] ?? how.charAt(0).toUpperCase() + how.slice(1);

/** Grafana's transformation of series to rows: a column for each calculation. */
function reduced(data: PanelData, reducers: string[]): Table {
  const series = data.lines.length ? data.lines : data.rows.map(({name, value}) => ({name, values: [typeof value === "number" ? value : null]}));
  return {columns: ["Field", ...reducers.map(headOf)], rows: series.map(({name, values}) => [name, ...reducers.map((how) => reduce(values, how))])};
}

/** One row for each label set; a column for each label, then one for each query: "Value #A", or "Value" of a single one. */
export function join(panel: Panel, data: PanelData): Table {
  const reducers: string[] | undefined = panel.transformations?.find(({id}) => id === "reduce")?.options?.reducers;
  if (reducers?.length) return reduced(data, reducers);
  const all = rowsOf(data);
  const queries = (panel.targets ?? []).filter((target) => !target.hide).map((target) => target.refId);
  const labels = [...new Set(all.flatMap((row) => Object.keys(row.labels)))];
  const valueName = (refId: string) => queries.length > 1 ? `Value #${refId}` : "Value";
  const columns = [...labels, ...queries.map(valueName)];
  const byKey = new Map<string, Cell[]>();
  for (const row of all) {
    const key = labels.map((label) => row.labels[label] ?? "").join("\u0000");
    const cells = byKey.get(key) ?? [...labels.map((label) => row.labels[label] ?? ""), ...queries.map(() => null)];
    cells[labels.length + queries.indexOf(row.refId)] = row.value;
    byKey.set(key, cells);
  }
  return {columns, rows: [...byKey.values()]};
}

export function organize(panel: Panel, table: Table): Table {
  let {columns, rows} = table;
  for (const {id, options} of panel.transformations ?? []) {
    if (id === "organize") {
      const order: Record<string, number> = options?.indexByName ?? {};
      const kept = columns.map((name, at) => ({name, at})).filter(({name}) => !options?.excludeByName?.[name])
        .sort((a, b) => (order[a.name] ?? 1e6 + a.at) - (order[b.name] ?? 1e6 + b.at));
      rows = rows.map((row) => kept.map(({at}) => row[at]));
      columns = kept.map(({name}) => options?.renameByName?.[name] || name);
    } else if (id === "filterFieldsByName") {
      const names: string[] = options?.include?.names ?? columns;
      const kept = columns.map((name, at) => ({name, at})).filter(({name}) => names.includes(name));
      rows = rows.map((row) => kept.map(({at}) => row[at]));
      columns = kept.map(({name}) => name);
    } else if (id === "sortBy") {
      const {field, desc} = options?.sort?.[0] ?? {};
      if (columns.includes(field)) rows = sorted(rows, columns.indexOf(field), desc);
    }
  }
  return {columns, rows};
}

function sorted(rows: Cell[][], at: number, descending: boolean): Cell[][] {
  const compare = (a: Cell, b: Cell) => typeof a === "number" && typeof b === "number" ? a - b : a === null ? -1 : b === null ? 1 : String(a).localeCompare(String(b));
  return [...rows].sort((a, b) => compare(a[at], b[at]) * (descending ? -1 : 1));
}

export function TablePanel({panel, data, context}: PanelProps) {
  const preset = panel.options?.sortBy?.[0];
  const [sort, setSort] = useState<{name: string; descending: boolean} | null>(preset ? {name: preset.displayName, descending: !!preset.desc} : null);
  const {columns, rows} = organize(panel, join(panel, data));
  const options = columns.map((name) => fieldOptions(panel, name));
  const hidden = new Set([...columns.keys()].filter((at) => columns[at] === "Time" || columns[at] === "__name__" || options[at].custom?.hidden));
  const names = columns.map((name, at) => options[at].displayName ?? name);
  const by = sort ? names.indexOf(sort.name) : -1;
  const shown = by < 0 ? rows : sorted(rows, by, sort!.descending);
  return <div class="table"><table>
    <thead><tr>{names.map((name, at) => !hidden.has(at) && <th key={name} class={shown.some((row) => typeof row[at] === "number") ? "number" : ""} aria-sort={by === at ? (sort!.descending ? "descending" : "ascending") : "none"}>
      <button onClick={() => setSort({name, descending: by === at ? !sort!.descending : true})}>{name}{by === at ? (sort!.descending ? " ↓" : " ↑") : ""}</button></th>)}</tr></thead>
    <tbody>{shown.slice(0, 500).map((row, index) => <tr key={index}>{row.map((cell, at) => {
      if (hidden.has(at)) return null;
      const field = options[at];
      const map = cell === null ? undefined : mapped(cell, field);
      const number = typeof cell === "number";
      const text = map?.text ?? (number ? format(cell, field.unit, field.decimals) : cell ?? "–");
      const type = field.custom?.cellOptions?.type ?? field.custom?.displayMode;
      const shade = map?.color ?? (number && type?.startsWith("color") ? thresholdColor(cell, field) : undefined);
      const style = shade ? (type === "color-background" ? {background: color(shade), color: inkOn(color(shade))} : {color: textColor(shade)}) : {};
      const link = field.links?.[0];
      const href = link && cellAddress(readable(link.url, context.scope, data.intervals), (name) => row[columns.indexOf(name)], cell);
      return <td key={at} class={number ? "number" : ""} style={style}>{href ? <a href={href} title={link!.title}>{text}</a> : text}</td>;
    })}</tr>)}</tbody></table>
    {shown.length > 500 && <p class="dim">{shown.length - 500} more rows are not shown</p>}</div>;
}
