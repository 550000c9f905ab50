// SPDX-License-Identifier: Apache-2.0
// One number of a column, by Grafana's names of calculations.

type Column = number[];  // what is known of it: at least one value

const sum = (values: Column) => values.reduce((total, value) => total + value, 0);
const mean = (values: Column) => sum(values) / values.length;
const least = (values: Column) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: Column) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const variance = (values: Column) => { const middle = mean(values); return sum(values.map((value) => (value - middle) ** 2)) / values.length; };
const first = (values: Column) => values[0];
const last = (values: Column) => values[values.length - 1];

// Between two ranks the value lies between theirs.
function quantile(values: Column, part: number): number {
  const ordered = [...values].sort((a, b) => a - b);
  const rank = part * (ordered.length - 1);
  const below = Math.floor(rank);
  return ordered[below] + ((ordered[below + 1] ?? ordered[below]) - ordered[below]) * (rank - below);
}

// How much a counter rose: where it fell, it began again.
const rise = (values: Column) => values.slice(1).reduce((total, value, at) => total + (value >= values[at] ? value - values[at] : value), 0);

const CALCULATIONS: Record<string, (values: Column) => number> = {
  mean, sum, max: most, min: least, first, firstNotNull: first, last, lastNotNull: last, variance,
  count: (values) => values.length, stdDev: (values) => Math.sqrt(variance(values)), median: (values) => quantile(values, 0.5),
  range: (values) => most(values) - least(values), diff: (values) => last(values) - first(values), diffperc: (values) => (last(values) - first(values)) / first(values),
  delta: rise, step: (values) => least(values.slice(1).map((value, at) => value - values[at])),
  changeCount: (values) => values.slice(1).filter((value, at) => value !== values[at]).length, distinctCount: (values) => new Set(values).size,
  logmin: (values) => least(values.filter((value) => value > 0)), allIsZero: (values) => Number(values.every((value) => value === 0)), allIsNull: () => 0,
};

const percentile = (how: string) => how.match(/^p(\d{1,2})$/)?.[1];

export const knowsReducer = (how: string) => Object.hasOwn(CALCULATIONS, how) || percentile(how) !== undefined;

/** null where nothing is known of the column. Throws for a calculation that this page does not know. */
export function reduce(values: (number | null)[], how: string): number | null {
  if (!knowsReducer(how)) throw new Error(`this page does not know the calculation “${how}”`);
  const known = values.filter((value): value is number => value !== null && !Number.isNaN(value));
  if (known.length === 0) return null;
  return Object.hasOwn(CALCULATIONS, how) ? CALCULATIONS[how](known) : quantile(known, Number(percentile(how)) / 100);
}
