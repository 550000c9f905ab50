// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {withMatchers} from "../src/matchers";
import {filtersOf, loadVariables} from "../src/variables";

const S = [{key: "s", operator: "=", value: "a"}];
const CASES: [string, string][] = [
  ["up", 'up{s="a"}'], ["up{}", 'up{s="a"}'], ['up{x="y{z"}', 'up{s="a",x="y{z"}'], ['{__name__="up"}', '{s="a",__name__="up"}'],
  ["sum by (up) (rate(up[5m:1m] offset 1d))", 'sum by (up) (rate(up{s="a"}[5m:1m] offset 1d))'],
  ["sum(up) without(job) / on (job) group_left(x) down > bool 1e3", 'sum(up{s="a"}) without(job) / on (job) group_left(x) down{s="a"} > bool 1e3'],
  ["a:b:c and up @ end() or Inf # not up", 'a:b:c{s="a"} and up{s="a"} @ end() or Inf # not up'],
  ['label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up{s="a"}, "a", "$1", "b", "(.*)")'],
  ["count(up) by (x)", 'count(up{s="a"}) by (x)'], ["1 + vector(2)", "1 + vector(2)"], ["quantile by (x) (0.9, up)", 'quantile by (x) (0.9, up{s="a"})'],
];

for (const [expr, expected] of CASES) test(`narrowed: ${expr}`, () => assert.equal(withMatchers(expr, S), expected));

test("operators of ad hoc filters", () => {
  assert.equal(withMatchers("up", [{key: "s", operator: "!~", value: 'a"b'}, {key: "t", operator: "=|", value: "", values: ["x.y", "z"]}]), 'up{s!~"a\\"b",t=~"x\\\\.y|z"}');
  assert.equal(withMatchers("up", []), "up");
});

test("filters of the file, or of the address", async () => {
  const filters = async (address: string) => filtersOf(await loadVariables([{name: "F", type: "adhoc", filters: S}], new URLSearchParams(address), {from: 0, to: 1}, new AbortController().signal));
  assert.deepEqual(await filters(""), S);
  assert.deepEqual(await filters("var-F=t|=~|x|y"), [{key: "t", operator: "=~", value: "x|y"}]);
});
