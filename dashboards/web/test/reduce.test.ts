// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {reduce} from "../src/reduce";

test("calculations of a column", () => {
  const values = [null, 1, 4, NaN, 2, null];
  const all = {mean: 7 / 3, sum: 7, max: 4, min: 1, count: 3, firstNotNull: 1, lastNotNull: 2, diff: 1, diffperc: 1, range: 3, median: 2, p50: 2, p75: 3,
    changeCount: 2, distinctCount: 3, delta: 5, step: -2, variance: 14 / 9};
  for (const [how, expected] of Object.entries(all)) assert.ok(Math.abs(reduce(values, how)! - expected) < 1e-12, how);
  assert.equal(reduce([null, NaN], "mean"), null);
  assert.equal(reduce(new Array(300_000).fill(1), "max"), 1, "no matter how long");
});

test("a calculation that is not known is said, not another one given", () => assert.throws(() => reduce([1], "kurtosis"), /does not know the calculation “kurtosis”/));
