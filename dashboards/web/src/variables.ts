// SPDX-License-Identifier: Apache-2.0
// The variables of a dashboard: their order, their options from the agent, and their place in a query.
import {isAway, labelNames, labelValues, query} from "./api";
import type {Filter, VariableModel} from "./model";
import {durationMs, durationText, niceSeconds} from "./time";
import type {Range} from "./time";

export const ALL = "$__all";

/** `texts`: what people read for a value, where it is another text. */
export interface Variable { model: VariableModel; options: string[]; values: string[]; texts?: Record<string, string>; error?: string; away?: boolean }
export type Scope = Map<string, Variable>;
export type Intervals = Record<string, string>;  // __interval, __rate_interval, __range and so on

const REFERENCE = /\$(\w+)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]/g;

// For a place within a quoted string: a backslash of the text is two in the pattern and four in the string.
export const escapeRegex = (text: string) => text.replace(/[\\^$*+?.()|[\]{}]/g, (one) => one === "\\" ? "\\\\\\\\" : `\\\\${one}`).replace(/"/g, '\\"');
const escapeText = (text: string) => text.replace(/\\/g, "\\\\").replace(/"/g, '\\"');

const definitionOf = (model: VariableModel) => typeof model.query === "string" ? model.query : model.query?.query ?? model.definition ?? "";

export const isHidden = (model: VariableModel) => model.hide === 2 || model.type === "datasource" || model.type === "constant";

export const textOf = (variable: Variable, value: string) => value === ALL ? "All" : variable.texts?.[value] ?? value;

const AUTO = "$__auto_interval_";

// So that a range has about auto_count of them.
function autoInterval({auto_count: count = 30, auto_min: least = "10s"}: VariableModel, rangeMs: number): string {
  return durationText(Math.max(niceSeconds(rangeMs / 1000 / count) * 1000, durationMs(least) || 0));
}

// As Grafana's links have them.
const filterText = ({key, operator, value}: Filter) => [key, operator, value].join("|");
const filterOf = (text: string): Filter => { const [key, operator, ...value] = text.split("|"); return {key, operator, value: value.join("|")}; };

/** The ad hoc filters of all variables of that kind. */
export const filtersOf = (scope: Scope): Filter[] => [...scope.values()].filter(({model}) => model.type === "adhoc")
  .flatMap(({values, model}) => values.map((text) => model.filters?.find((one) => filterText(one) === text) ?? filterOf(text)).filter(({key, operator}) => key && operator));

/** What the variable stands for in a query, as Grafana's Prometheus data source writes it. */
function written(variable: Variable, format: string | undefined, intervals: Intervals): string {
  const {model, values, options} = variable;
  const many = model.multi || model.includeAll;
  if (values[0]?.startsWith(AUTO)) return autoInterval(model, Number(intervals.__range_ms ?? 3_600_000));
  if (values.includes(ALL)) {
    if (model.allValue) return model.allValue;
    return format === "csv" ? options.join(",") : `(${options.map(escapeRegex).join("|")})`;
  }
  if (format === "raw") return values.join(",");
  if (format === "csv") return values.join(",");
  if (format === "pipe") return values.join("|");
  if (!many) return escapeText(values[0] ?? "");
  return values.length === 1 ? escapeRegex(values[0]) : `(${values.map(escapeRegex).join("|")})`;
}

export function interpolate(text: string, scope: Scope, intervals: Intervals = {}): string {
  return text.replace(REFERENCE, (whole, plain, braced, format, old) => {
    const name = plain ?? braced ?? old;
    if (Object.hasOwn(intervals, name)) return intervals[name];
    const variable = scope.get(name);
    return variable ? written(variable, format, intervals) : whole;
  });
}

/** For titles and links: the values as people read them. */
export function readable(text: string, scope: Scope, intervals: Intervals = {}): string {
  return text.replace(REFERENCE, (whole, plain, braced, format, old) => {
    const name = plain ?? braced ?? old;
    if (name === "__url_time_range" || name === "__all_variables") return urlOf(name, scope, intervals);
    if (Object.hasOwn(intervals, name)) return intervals[name];
    const variable = scope.get(name);
    if (!variable) return whole;
    if (format === "queryparam") return variable.values.map((value) => `var-${name}=${encodeURIComponent(value)}`).join("&");
    return variable.values.map((value) => textOf(variable, value)).join(" + ");
  });
}

type Cell = string | number | null | undefined;

/** The address of a table cell's link: fields of its row, by name, and its own value. Grafana's formats all come to this. */
export const cellAddress = (url: string, field: (name: string) => Cell, value: Cell): string => url
  .replace(/\$\{__data\.fields(?:\.(\w+)|\["([^"]+)"\])(?::\w+)?\}/g, (_, plain, quoted) => encodeURIComponent(String(field(plain ?? quoted) ?? "")))
  .replace(/\$\{__value\.(?:raw|text)(?::\w+)?\}/g, encodeURIComponent(String(value ?? "")));

function urlOf(name: string, scope: Scope, intervals: Intervals): string {
  if (name === "__url_time_range") return `from=${encodeURIComponent(intervals.__raw_from ?? "")}&to=${encodeURIComponent(intervals.__raw_to ?? "")}`;
  return [...scope].filter(([, variable]) => variable.model.type !== "datasource")
    .flatMap(([key, variable]) => variable.values.map((value) => `var-${key}=${encodeURIComponent(value)}`)).join("&");
}

/** Those that others need come first. Throws where they need each other in a circle. */
export function inOrder(models: VariableModel[]): VariableModel[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const done: VariableModel[] = [];
  const path: string[] = [];
  const visit = (model: VariableModel) => {
    if (done.includes(model)) return;
    if (path.includes(model.name)) throw new Error(`variables need each other in a circle: ${[...path, model.name].join(" → ")}`);
    path.push(model.name);
    for (const match of definitionOf(model).matchAll(REFERENCE)) {
      const needed = byName.get(match[1] ?? match[2] ?? match[4]);
      if (needed) visit(needed);
    }
    path.pop();
    done.push(model);
  };
  models.forEach(visit);
  return done;
}

// "p95 : 0.95, p99 : 0.99": what is read, and what it stands for.
const customOf = (model: VariableModel) => definitionOf(model).split(/(?<!\\),/).map((one) => one.replace(/\\,/g, ",").trim()).filter(Boolean)
  .map((one) => { const [, text = one, value = one] = one.match(/^(.*?)\s:\s(.*)$/s) ?? []; return {text: text.trim(), value: value.trim()}; });

function textsOf(model: VariableModel): Variable["texts"] {
  if (model.type === "custom") return Object.fromEntries(customOf(model).map(({text, value}) => [value, text]));
  return model.type === "interval" && model.auto ? {[AUTO + model.name]: "auto"} : undefined;
}

async function optionsOf(model: VariableModel, scope: Scope, range: Range, signal: AbortSignal): Promise<string[]> {
  if (model.type === "custom") return customOf(model).map(({value}) => value);
  if (model.type === "interval") return [...(model.auto ? [AUTO + model.name] : []), ...definitionOf(model).split(",").map((one) => one.trim())];
  if (model.type === "constant" || model.type === "textbox") return [definitionOf(model)];
  if (model.type !== "query") return [];
  const text = interpolate(definitionOf(model), scope);
  const labels = text.match(/^label_values\(\s*(?:(.+?)\s*,\s*)?([a-zA-Z_]\w*)\s*\)$/s);
  if (labels) return labelValues(labels[2], labels[1] ?? "", range.from, range.to, signal);
  const names = text.match(/^label_names\((.*)\)$/s);
  if (names) return labelNames(names[1].trim(), range.from, range.to, signal);
  const metrics = text.match(/^metrics\((.*)\)$/s);
  if (metrics) return (await labelValues("__name__", "", range.from, range.to, signal)).filter((name) => new RegExp(metrics[1]).test(name));
  const result = text.match(/^query_result\((.*)\)$/s);
  if (result) {
    const {data} = await query(result[1], range.to, signal);
    return data.result.map((one: any) => Object.entries(one.metric).map(([k, v]) => `${k}="${v}"`).join(","));
  }
  throw new Error(`the variable ${model.name} asks in a way that this page does not know: ${text}`);
}

function filtered(model: VariableModel, options: string[]): string[] {
  let kept = options;
  const delimited = model.regex?.match(/^\/(.*)\/([a-z]*)$/s);
  if (delimited) {
    const pattern = new RegExp(delimited[1], delimited[2].replace("g", ""));
    kept = kept.flatMap((one) => { const found = one.match(pattern); return found ? [found[1] ?? found[0]] : []; });
  }
  kept = [...new Set(kept)];
  return model.sort === 2 ? kept.sort().reverse() : model.sort ? kept.sort() : kept;
}

function chosen(model: VariableModel, options: string[], asked: string[]): string[] {
  if (asked.length) return asked.includes("All") ? [ALL] : asked;
  if (model.type === "adhoc") return (model.filters ?? []).map(filterText);
  const preset = [model.current?.value ?? []].flat().filter((value) => value !== "");
  if (preset.length) return preset;
  if (model.includeAll) return [ALL];
  return options.length ? [options[0]] : [];
}

/** All variables with their options and values; one that cannot be asked for carries its error and stands at what was asked. */
export async function loadVariables(models: VariableModel[], parameters: URLSearchParams, range: Range, signal: AbortSignal): Promise<Scope> {
  const scope: Scope = new Map();
  for (const model of inOrder(models)) {
    const asked = parameters.getAll(`var-${model.name}`);
    try {
      const options = filtered(model, await optionsOf(model, scope, range, signal));
      scope.set(model.name, {model, options, values: chosen(model, options, asked), texts: textsOf(model)});
    } catch (error) {
      if (signal.aborted) throw error;
      scope.set(model.name, {model, options: [], values: chosen(model, [], asked), error: (error as Error).message, away: isAway(error)});
    }
  }
  return scope;
}
