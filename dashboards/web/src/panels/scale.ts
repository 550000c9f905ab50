// SPDX-License-Identifier: Apache-2.0
// Which values a chart's axis reaches from and to, and at which steps it is marked.
import type {FieldOptions} from "../model";

type Bounds = number | null | undefined;

// A logarithm begins above nothing.
function logRange(min: Bounds, max: Bounds, low: number | null, high: number | null): [number, number] {
  const top = max && max > 0 ? max : high !== null && high > 0 ? high * 1.08 : 10;
  const bottom = min && min > 0 ? min : low !== null && low > 0 ? low : top / 1000;
  return bottom < top ? [bottom, top] : [top / 10, top];
}

/** The ends of the axis for values from `low` to `high` (null where there are none). `min` and `max` hold, as in Grafana;
 *  zero and the soft ones are where it ends only if no value lies beyond. */
export function valueRange(options: FieldOptions, low: number | null, high: number | null): [number, number] {
  const {min, max, custom = {}} = options;
  if (custom.scaleDistribution?.type === "log") return logRange(min, max, low, high);
  const least = min ?? Math.min(custom.axisSoftMin ?? 0, low ?? 0);
  const most = max ?? Math.max(custom.axisSoftMax ?? 0, high ?? 1);
  const air = (most - least) * 0.08;
  const bottom = low !== null && low < 0 && low === least && least !== min ? least - air : least;
  const top = high !== null && high > 0 && high === most && most !== max ? most + air : most;
  if (bottom < top) return [bottom, top];
  return typeof max === "number" && typeof min !== "number" ? [top - 1, top] : [bottom, bottom + 1];
}

const POWERS_OF_TWO = Array.from({length: 80}, (_, at) => 2 ** (at - 20));

/** Steps of an axis whose unit counts in 1024s. */
export const binarySteps = () => POWERS_OF_TWO;

/** Where a value stands alone between gaps, no line shows it: a point must. */
export function isolated(values: ArrayLike<number | null | undefined>): number[] {
  const known = (at: number) => values[at] !== null && values[at] !== undefined;
  const found: number[] = [];
  for (let at = 0; at < values.length; ++at) if (known(at) && !known(at - 1) && !known(at + 1)) found.push(at);
  return found;
}
