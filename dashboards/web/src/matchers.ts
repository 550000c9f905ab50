// SPDX-License-Identifier: Apache-2.0
// Ad hoc filters: matchers that every selector of a query gets. The query is read word by word; the box of Explore has the
// whole grammar, which is too heavy for the first view.
import type {Filter} from "./model";

const WORD = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*|[a-zA-Z_:][\w:]*|\d[\w.]*|\s+|[^]/g;
const NAME = /^[a-zA-Z_:]/;
const OF_LABELS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const KEYWORDS = new Set(["and", "or", "unless", "atan2", "offset", "bool", "inf", "nan", ...OF_LABELS]);

const quoted = (text: string) => JSON.stringify(text);
const anyOf = (values: string[]) => values.map((one) => one.replace(/[\\^$*+?.()|[\]{}]/g, "\\$&")).join("|");

function written({key, operator, value, values = [value]}: Filter): string {
  if (operator === "=|") return `${key}=~${quoted(anyOf(values))}`;
  if (operator === "!=|") return `${key}!~${quoted(anyOf(values))}`;
  return `${key}${operator}${quoted(value)}`;
}

/** The query, its selectors narrowed. */
export function withMatchers(expr: string, filters: Filter[]): string {
  if (filters.length === 0) return expr;
  const added = filters.map(written).join(",");
  const words = expr.match(WORD) ?? [];
  const after = (at: number) => words.slice(at + 1).find((word) => !/^(\s|#)/.test(word)) ?? "";
  let closing = "";  // what ends a list of matchers, of labels, or a duration
  let labels = false;
  return words.map((word, at) => {
    if (closing) {
      if (word === closing) closing = "";
      return word;
    }
    if (word === "{") {
      closing = "}";
      return `{${added}${after(at) === "}" ? "" : ","}`;
    }
    if (word === "[") closing = "]";
    if (word === "(" && labels) closing = ")";
    if (!/^(\s|#)/.test(word)) labels = OF_LABELS.has(word.toLowerCase());
    const next = after(at);
    const names = NAME.test(word) && !KEYWORDS.has(word.toLowerCase()) && next !== "(" && next !== "{" && !/^(by|without)$/i.test(next);
    return names ? `${word}{${added}}` : word;
  }).join("");
}
