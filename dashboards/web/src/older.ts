// SPDX-License-Identifier: Apache-2.0
// Dashboards as Grafana wrote them before version 8, brought to the form of today: rows that hold their panels, and graph and
// singlestat panels with their own words for units, stacking and thresholds. What is said in today's words stays.

const CALCULATIONS: Record<string, string> = {current: "lastNotNull", avg: "mean", total: "sum", first: "firstNotNull", name: "lastNotNull"};

// What a graph says of single series, by their names: a colour, the axis at the right, below zero.
function overrideOf(one: any, right: any): any {
  const pattern = String(one.alias ?? "");
  const said: [string, unknown][] = [["color", one.color && {mode: "fixed", fixedColor: one.color}], ["custom.axisPlacement", one.yaxis === 2 ? "right" : undefined],
    ["unit", one.yaxis === 2 ? right?.format : undefined], ["custom.transform", one.transform], ["custom.lineWidth", one.linewidth],
    ["custom.fillOpacity", typeof one.fill === "number" ? one.fill * 10 : undefined], ["custom.stacking", one.stack === false ? {mode: "none"} : undefined]];
  return {matcher: {id: pattern.startsWith("/") ? "byRegexp" : "byName", options: pattern}, properties: said.filter(([, value]) => value).map(([id, value]) => ({id, value}))};
}

function fromGraph(panel: any, config: any): void {
  const {defaults} = config;
  const axis = panel.yaxes?.[0] ?? {};
  if (Array.isArray(panel.seriesOverrides)) config.overrides = [...panel.seriesOverrides.map((one: any) => overrideOf(one ?? {}, panel.yaxes?.[1])), ...(config.overrides ?? [])];
  defaults.unit ??= axis.format;
  if (axis.min !== undefined && axis.min !== null && axis.min !== "") defaults.min ??= Number(axis.min);
  if (axis.max !== undefined && axis.max !== null && axis.max !== "") defaults.max ??= Number(axis.max);
  const custom = defaults.custom ??= {};
  if (axis.logBase > 1) custom.scaleDistribution ??= {type: "log", log: axis.logBase};
  custom.axisLabel ??= axis.label ?? undefined;
  custom.fillOpacity ??= (panel.fill ?? 0) * 10;
  custom.lineWidth ??= panel.linewidth;
  if (panel.stack) custom.stacking ??= {mode: panel.percentage ? "percent" : "normal"};
  if (panel.bars) custom.drawStyle ??= "bars";
  if (panel.legend) {
    panel.options ??= {};
    panel.options.legend ??= {showLegend: panel.legend.show !== false, displayMode: panel.legend.alignAsTable ? "table" : "list",
      calcs: ["min", "max", "avg", "current", "total"].filter((one) => panel.legend.values && panel.legend[one]).map((one) => CALCULATIONS[one] ?? one)};
  }
}

function fromSingle(panel: any, defaults: any): void {
  defaults.unit ??= panel.format;
  defaults.decimals ??= panel.decimals;
  const colors: string[] = panel.colors ?? [];
  const bounds = String(panel.thresholds ?? "").split(",").map((one) => one.trim()).filter(Boolean).map(Number);
  if (bounds.length && bounds.every(Number.isFinite) && colors.length > bounds.length)
    defaults.thresholds ??= {mode: "absolute", steps: colors.slice(0, bounds.length + 1).map((color, at) => ({color, value: at ? bounds[at - 1] : null}))};
  if (Array.isArray(panel.valueMaps)) defaults.mappings ??= panel.valueMaps.map((one: any) => String(one?.value) === "null"
    ? {type: "special", options: {match: "null", result: {text: one.text}}} : {type: "value", options: {[String(one?.value)]: {text: one?.text}}});
  if (panel.gauge?.show) {
    panel.type = "gauge";
    defaults.min ??= panel.gauge.minValue;
    defaults.max ??= panel.gauge.maxValue;
  }
  panel.options ??= {};
  panel.options.reduceOptions ??= {calcs: [CALCULATIONS[panel.valueName] ?? panel.valueName ?? "mean"]};
  panel.options.graphMode ??= panel.sparkline?.show ? "area" : "none";
  panel.options.colorMode ??= panel.colorBackground ? "background" : panel.colorValue ? "value" : "none";
}

// A row's panels flow from left to right by their spans, of twelve.
function place(row: any, top: number): {panels: any[]; bottom: number} {
  const height = Math.max(3, Math.round((parseInt(String(row.height ?? 250), 10) || 250) / 38));
  let x = 0;
  let y = top;
  const panels = (row.panels ?? []).map((panel: any) => {
    const w = Math.max(2, Math.min(24, Math.round((Number(panel?.span) || 12) * 2)));
    if (x + w > 24) x = 0, y += height;
    const placed = panel && typeof panel === "object" ? {...panel, gridPos: panel.gridPos ?? {x, y, w, h: height}} : panel;
    x += w;
    return placed;
  });
  return {panels, bottom: y + height};
}

/** Panels of rows, as panels of the dashboard. */
export function flattened(rows: any[]): any[] {
  let top = 0;
  return rows.flatMap((row) => {
    const titled = !!row?.title && (row.showTitle !== false || row.collapse) || !!row?.repeat;
    const {panels, bottom} = place(row ?? {}, top + (titled ? 1 : 0));
    const head = {type: "row", title: String(row?.title ?? ""), gridPos: {x: 0, y: top, w: 24, h: 1}, collapsed: !!row?.collapse, repeat: row?.repeat || undefined, panels: row?.collapse ? panels : []};
    top = bottom;
    return titled ? [head, ...(row.collapse ? [] : panels)] : panels;
  });
}

function fromText(panel: any): void {
  panel.options ??= {};
  panel.options.content ??= panel.content;
  panel.options.mode ??= panel.mode;
}

/** Changes a panel of an older kind in place. */
export function modernize(panel: any): void {
  if (panel.type === "text") return fromText(panel);
  if (panel.type !== "graph" && panel.type !== "singlestat") return;
  panel.fieldConfig ??= {defaults: {}, overrides: []};
  panel.fieldConfig.defaults ??= {};
  if (panel.type === "graph") fromGraph(panel, panel.fieldConfig);
  else fromSingle(panel, panel.fieldConfig.defaults);
}
