// SPDX-License-Identifier: Apache-2.0
// How a dashboard is laid out: its rows, what stands under them, and what is repeated for each value of a variable.
import type {Dashboard, Panel} from "../model";
import {readable} from "../variables";
import type {Scope} from "../variables";

/** `scope`: the variables, of which a repeated one has one value here. */
export interface Shown { panel: Panel; scope: Scope }
export interface Section { title: string; key: string; collapsed: boolean; panels: Shown[] }

const MOST = 50;

/** The values that it is repeated for, each with the variables as they are there. */
function repeats(name: string | undefined, scope: Scope): Scope[] | null {
  const variable = name ? scope.get(name) : undefined;
  if (!variable) return null;
  const values = variable.values.includes("$__all") ? variable.options : variable.values;
  return values.slice(0, MOST).map((value) => new Map(scope).set(name!, {...variable, values: [value]}));
}

function panelsOf(panel: Panel, scope: Scope): Shown[] {
  const scopes = repeats(panel.repeat, scope);
  if (!scopes) return [{panel, scope}];
  const down = panel.repeatDirection === "v";
  const width = down ? panel.gridPos.w : Math.max(4, Math.floor(24 / Math.min(scopes.length || 1, panel.maxPerRow ?? 4)));
  const each = down ? 1 : Math.max(1, Math.floor(24 / width));
  return scopes.map((own, at) => ({scope: own, panel: {
    ...panel, id: panel.id * 1000 + at,
    gridPos: {x: down ? panel.gridPos.x : (at % each) * width, y: panel.gridPos.y + Math.floor(at / each) * panel.gridPos.h, w: width, h: panel.gridPos.h},
  }}));
}

// The first of a repeated row keeps the numbers that links name its panels by.
function rowsOf(row: Panel, under: Panel[], scope: Scope): Section[] {
  return (repeats(row.repeat, scope) ?? [scope]).map((own, at) => ({
    title: readable(row.title, own), key: `${row.id}-${at}`, collapsed: !!row.collapsed,
    panels: under.flatMap((panel) => panelsOf(at ? {...panel, id: panel.id * 1000 + MOST + at} : panel, own)),
  }));
}

export function sectionsOf(board: Dashboard, scope: Scope): Section[] {
  const rows: {row: Panel | null; under: Panel[]}[] = [{row: null, under: []}];
  for (const panel of [...board.panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    if (panel.type === "row") rows.push({row: panel, under: [...(panel.panels ?? [])]});
    else rows[rows.length - 1].under.push(panel);
  }
  return rows.flatMap(({row, under}) => row ? rowsOf(row, under, scope)
    : [{title: "", key: "top", collapsed: false, panels: under.flatMap((panel) => panelsOf(panel, scope))}])
    .filter((section) => section.title || section.panels.length);
}
