// SPDX-License-Identifier: Apache-2.0
// The series of a panel as a chart draws them: their names and colours, on which axis, stacked upon which other.
import {color, isColor, seriesColor} from "../colors";
import type {Line} from "../frames";
import {displayName, fieldOptions} from "../model";
import type {FieldOptions, Panel} from "../model";

type Column = (number | null)[];
/** `below`: the series this one is stacked upon, as an index into the drawn ones; `axis`: what its axis says. */
export interface Drawn { name: string; color: string; options: FieldOptions; axis: FieldOptions; scale: "y" | "right"; raw: Column; shown: Column; below?: number }

// NaN and infinity have no place on an axis; the tooltip and the legend still tell them.
const drawable = (value: number | null) => value !== null && Number.isFinite(value) ? value : null;

const SHARES: FieldOptions = {unit: "percentunit", min: 0, max: 1};

// What has another unit than the first has the other axis.
function placed(options: FieldOptions[]): Drawn["scale"][] {
  const left = options.find((one) => one.custom?.axisPlacement !== "right")?.unit;
  return options.map((one) => one.custom?.axisPlacement === "right" || one.custom?.axisPlacement !== "left" && one.unit !== left ? "right" : "y");
}

interface Stack { total: number[]; members: Drawn[]; last?: number }

function stackUp(drawn: Drawn[], hidden: Set<string>): void {
  const stacks = new Map<string, Stack>();
  drawn.forEach((one, index) => {
    const {stacking, transform} = one.options.custom ?? {};
    if (!stacking || stacking.mode === "none" || hidden.has(one.name)) return;
    const key = [one.scale, stacking.mode, stacking.group, transform].join();
    const stack: Stack = stacks.get(key) ?? {total: new Array(one.shown.length).fill(0), members: []};
    stacks.set(key, stack);
    one.shown = one.shown.map((value, at) => value === null ? null : (stack.total[at] += value));
    one.below = stack.last;
    stack.last = index;
    stack.members.push(one);
  });
  for (const {total, members} of stacks.values()) {
    if (members[0].options.custom!.stacking!.mode !== "percent") continue;
    for (const one of members) {
      one.shown = one.shown.map((value, at) => value === null || total[at] === 0 ? null : value / Math.abs(total[at]));
      one.axis = {...one.options, ...SHARES};
    }
  }
}

/** `text` is the theme's colour of text, which a canvas cannot look up. */
export function prepare(panel: Panel, lines: Line[], hidden: Set<string>, text: string): Drawn[] {
  const all = lines.map((line) => fieldOptions(panel, line.name, line.refId));
  const scales = placed(all);
  const drawn = lines.map((line, at): Drawn => {
    const options = all[at];
    const name = displayName(options, line.name, line.labels);
    const named = options.color?.mode === "fixed" ? color(options.color.fixedColor).replace("var(--text)", text) : undefined;
    const fixed = named !== undefined && isColor(named) ? named : undefined;
    const sign = options.custom?.transform === "negative-Y" ? -1 : 1;
    return {name, options, axis: options, scale: scales[at], color: fixed ?? seriesColor(name, at), raw: line.values,
      shown: line.values.map((value) => { const known = drawable(value); return known === null ? null : known * sign; })};
  });
  stackUp(drawn, hidden);
  return drawn;
}
