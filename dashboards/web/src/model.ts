// SPDX-License-Identifier: Apache-2.0
// Grafana's classic dashboard JSON, as far as this page draws it; and what is said of a file that is none.

import {flattened, modernize} from "./older";

export type Source = {type?: string; uid?: string} | string | null;
export interface Target {
  refId: string; expr: string; datasource?: Source; legendFormat?: string; instant?: boolean; range?: boolean; format?: string;
  exemplar?: boolean; interval?: string; hide?: boolean;
}
export interface Step { color: string; value: number | null }
export interface Thresholds { mode: "absolute" | "percentage"; steps: Step[] }
export interface Mapping { type: string; options: Record<string, {text?: string; color?: string}> }
export interface Link { title: string; url: string; targetBlank?: boolean }
export interface FieldOptions {
  unit?: string; decimals?: number | null; noValue?: string; min?: number; max?: number; displayName?: string;
  thresholds?: Thresholds; mappings?: Mapping[]; links?: Link[]; color?: {mode: string; fixedColor?: string};
  custom?: {
    fillOpacity?: number; lineWidth?: number; lineStyle?: {fill?: string; dash?: number[]}; lineInterpolation?: string; stacking?: {mode: string; group?: string}; transform?: string; thresholdsStyle?: {mode: string}; drawStyle?: string;
    axisLabel?: string; axisPlacement?: string; axisSoftMin?: number; axisSoftMax?: number; scaleDistribution?: {type: string; log?: number}; spanNulls?: boolean | number;
    cellOptions?: {type: string; mode?: string}; hidden?: boolean; displayMode?: string; width?: number;
  };
}
export interface Override { matcher: {id: string; options: string}; properties: {id: string; value: unknown}[] }
export interface Panel {
  id: number; type: string; title: string; description?: string; gridPos: {x: number; y: number; w: number; h: number};
  targets?: Target[]; fieldConfig?: {defaults: FieldOptions; overrides?: Override[]}; options?: Record<string, any>;
  transformations?: {id: string; options: any}[]; links?: Link[]; collapsed?: boolean; panels?: Panel[];
  datasource?: Source;
  libraryPanel?: {uid?: string; name?: string}; timeFrom?: string | null; timeShift?: string | null;
  repeat?: string; repeatDirection?: string; maxPerRow?: number; interval?: string; transparent?: boolean;
}
export interface Filter { key: string; operator: string; value: string; values?: string[] }
export interface VariableModel {
  name: string; label?: string; type: string; query?: string | {query: string}; definition?: string; multi?: boolean;
  includeAll?: boolean; allValue?: string; current?: {value?: string | string[]}; regex?: string; sort?: number; hide?: number;
  options?: {value: string; text: string}[]; description?: string; auto?: boolean; auto_count?: number; auto_min?: string; filters?: Filter[];
}
export interface Annotation { name: string; expr?: string; enable?: boolean; hide?: boolean; iconColor?: string; titleFormat?: string; textFormat?: string }
export interface DashboardLink { title: string; type: string; url?: string; tags?: string[]; tooltip?: string; targetBlank?: boolean; includeVars?: boolean; keepTime?: boolean }
export interface Dashboard {
  uid: string; title: string; description?: string; tags?: string[]; panels: Panel[]; templating?: {list: VariableModel[]};
  annotations?: {list: Annotation[]}; links?: DashboardLink[]; time?: {from: string; to: string}; refresh?: string | boolean;
}

const LARGEST = 8 << 20;

/** A dashboard from its text, or an error that says what is wrong with it. */
export function parseDashboard(text: string, name: string): Dashboard {
  if (text.length > LARGEST) throw new Error(`${name}: ${(text.length / 1048576).toFixed(1)} MiB is more than a dashboard may have (8 MiB)`);
  let parsed: any;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is not JSON: ${(error as Error).message}`);
  }
  const board = parsed?.dashboard ?? parsed;
  if (board?.elements && board?.layout) throw new Error(`${name} is in Grafana's schema v2; this page draws the classic one (in Grafana: export, and choose classic)`);
  if (Array.isArray(board?.rows) && !board.panels?.length) board.panels = flattened(board.rows);
  if (typeof board !== "object" || board === null || !Array.isArray(board.panels)) throw new Error(`${name} is not a dashboard: it has no list of panels`);
  for (const [part, list] of [["templating", board.templating?.list], ["annotations", board.annotations?.list]] as const) {
    if (list !== undefined && !Array.isArray(list)) throw new Error(`${name}: the list of ${part} is no list`);
  }
  let id = 0;
  for (const panel of board.panels) id = Math.max(id, Number(panel?.id) || 0);
  completePanels(board.panels, name, () => ++id);
  return board as Dashboard;
}

/** Why this page does not draw a panel of a type that it does not know, or of none. */
export function undrawn({type, libraryPanel}: Panel): string {
  if (libraryPanel) return `This is the library panel “${libraryPanel.name ?? libraryPanel.uid}”: Grafana keeps what it shows, not this file.`;
  return type ? `This page does not draw panels of type “${type}”. Grafana does.` : "This panel has no type: its file does not say how to draw it.";
}

// Gives each panel what the drawing takes for granted; says which one cannot be drawn.
function completePanels(panels: any[], name: string, nextId: () => number): void {
  panels.forEach((panel, index) => {
    if (typeof panel !== "object" || panel === null) throw new Error(`${name}: panel ${index + 1} is no panel`);
    panel.type = String(panel.type ?? "");
    panel.title = String(panel.title ?? "");
    for (const list of ["targets", "links", "transformations", "panels"]) {
      if (panel[list] !== undefined && !Array.isArray(panel[list])) throw new Error(`${name}: panel ${index + 1}, “${panel.title}”: ${list} is no list`);
    }
    panel.gridPos = {x: 0, y: index * 8, w: 24, h: 8, ...panel.gridPos};
    panel.id ??= nextId();
    modernize(panel);
    completePanels(panel.panels ?? [], name, nextId);
  });
}

/** The field options for one series or column: defaults, then each override that fits. */
export function fieldOptions(panel: Panel, name: string, refId?: string): FieldOptions {
  const options: FieldOptions = {...panel.fieldConfig?.defaults, custom: {...panel.fieldConfig?.defaults?.custom}};
  for (const {matcher, properties} of panel.fieldConfig?.overrides ?? []) {
    const fits = matcher.id === "byName" ? matcher.options === name
      : matcher.id === "byRegexp" ? regexOf(matcher.options).test(name)
      : matcher.id === "byFrameRefID" ? matcher.options === refId : false;
    if (!fits) continue;
    for (const {id, value} of properties) {
      if (id.startsWith("custom.")) (options.custom as any)[id.slice(7)] = value;
      else (options as any)[id] = value;
    }
  }
  return options;
}

/** What a series is called: its field's display name, with the series' own labels in it. */
export const displayName = (options: FieldOptions, name: string, labels: Record<string, string> = {}): string =>
  (options.displayName || "$__series").replace(/\$\{__(?:field|series)\.labels(?:\.(\w+)|\["([^"]+)"\])\}/g, (_, plain, quoted) => labels[plain ?? quoted] ?? "")
    .replace(/\$\{__(?:field\.(?:displayName|name)|series\.name)\}|\$__series/g, () => name);

function regexOf(text: string): RegExp {
  const delimited = text.match(/^\/(.*)\/([a-z]*)$/s);
  try {
    return delimited ? new RegExp(delimited[1], delimited[2]) : new RegExp(`^(?:${text})$`);
  } catch {
    return /^$a/;  // matches nothing: the override is left out
  }
}

/** The colour of the threshold step that a value reaches. */
export function thresholdColor(value: number, options: FieldOptions): string | undefined {
  const steps = options.thresholds?.steps;
  if (!steps?.length) return undefined;
  const {min = 0, max = 100} = options;
  const at = options.thresholds?.mode === "percentage" ? ((value - min) / (max - min)) * 100 : value;
  let color = steps[0].color;
  for (const step of steps) if (step.value === null || at >= step.value) color = step.color;
  return color;
}

const ANOTHER_PANEL = "-- Dashboard --";

/** Why what asks such a data source is not answered here. */
export function foreignWords(type: string): string {
  if (type === "__expr__") return "is an expression over other queries: Grafana works these out itself";
  if (type === ANOTHER_PANEL) return "shows what another panel asked: this page does not lend answers between panels";
  return `asks a data source of type “${type}”; here is none but the agent`;
}

/** The type of data source that is asked, where it is one that does not speak PromQL: "loki". */
export function foreignSource(panel: Panel, target: Target): string | undefined {
  const source = target.datasource ?? panel.datasource;
  const {type, uid} = typeof source === "object" && source || {};
  if (uid === ANOTHER_PANEL) return ANOTHER_PANEL;
  return type === undefined || type === "prometheus" || type === "datasource" || type.includes("$") ? undefined : type;
}

/** What a value mapping makes of a value: its text and colour. */
export function mapped(value: number | string | null, options: FieldOptions): {text?: string; color?: string} | undefined {
  for (const mapping of options.mappings ?? []) {
    if (mapping.type === "value" && Object.hasOwn(mapping.options, String(value))) return mapping.options[String(value)];
    if (mapping.type === "range") {
      const {from, to, result} = mapping.options as any;
      if (typeof value === "number" && value >= (from ?? -Infinity) && value <= (to ?? Infinity)) return result;
    }
    if (mapping.type === "special") {
      const {match, result} = mapping.options as any;
      if (value === null ? /null/.test(match) : Number.isNaN(value) && /nan/.test(match)) return result;
    }
  }
  return undefined;
}
