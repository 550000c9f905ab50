// SPDX-License-Identifier: Apache-2.0
// What charts are drawn from: their axes, their names, what is stacked.
import assert from "node:assert/strict";
import test from "node:test";
import {withAlpha} from "../src/colors";
import type {Line} from "../src/frames";
import type {FieldOptions, Panel} from "../src/model";
import {prepare} from "../src/panels/drawn";
import {EVERYTHING, choose, hiddenOf, legendHeight} from "../src/panels/legend";
import {ownRange} from "../src/panels/own_range";
import {isolated, valueRange} from "../src/panels/scale";
import {stretchesOf} from "../src/panels/states";

test("an axis never stands on its head, and shows all that no limit cuts off", () => {
  const near = (options: FieldOptions, low: number | null, high: number | null, expected: [number, number]) =>
    assert.deepEqual(valueRange(options, low, high).map((value) => Number(value.toFixed(6))), expected);
  near({}, 2, 10, [0, 10.8]);
  near({}, -10, -2, [-10.8, 0]);
  near({}, -10, 10, [-11.6, 11.6]);
  near({}, null, null, [0, 1]);
  near({}, 0, 0, [0, 1]);
  near({min: 0}, -10, -2, [0, 1]);
  near({max: 0}, 2, 10, [-1, 0]);
  near({min: 0}, -40, 1, [0, 1.08]);
  near({min: 5, max: 5}, 1, 2, [5, 6]);
  near({custom: {axisSoftMin: 0, axisSoftMax: 1}}, 0.2, 0.4, [0, 1]);
  near({custom: {axisSoftMin: 0}}, -1, 1, [-1.16, 1.16]);
  near({min: 0, custom: {scaleDistribution: {type: "log"}}}, 0.1, 10, [0.1, 10.8]);
  near({custom: {scaleDistribution: {type: "log"}}}, null, null, [0.01, 10]);
});

test("samples between gaps are points", () => {
  assert.deepEqual(isolated([1, null, 2, 3, null, null, 4, null, 5]), [0, 6, 8]);
  assert.deepEqual(isolated([null, 1, 2]), []);
});

test("a choice in the legend is of names, and ends where none of them fits", () => {
  const names = ["a", "b", "c"];
  const only = choose(EVERYTHING, names, "a", true);
  assert.deepEqual([...hiddenOf(only, names)], ["b", "c"]);
  assert.deepEqual([...hiddenOf(only, ["d", "b"])], [], "the one that was chosen has gone");
  assert.deepEqual([...hiddenOf(only, ["a", "d"])], ["d"]);
  assert.deepEqual(choose(only, names, "a", true), EVERYTHING);
  const but = choose(EVERYTHING, names, "a", false);
  assert.deepEqual([...hiddenOf(but, names)], ["a"]);
  assert.deepEqual([...hiddenOf(but, ["a"])], [], "never all");
  assert.deepEqual([...hiddenOf(choose(but, names, "a", false), names)], []);
  assert.deepEqual([...hiddenOf(choose(only, names, "b", false), names)], ["c"]);
});

test("a legend grows with its names, up to a third of the panel", () => {
  const panel = {options: {legend: {displayMode: "list"}}} as unknown as Panel;
  assert.equal(legendHeight(panel, ["a", "b"], 400, 300), 26);
  assert.equal(legendHeight(panel, new Array(63).fill("a name of some length"), 400, 300), 105);
  assert.equal(legendHeight({options: {legend: {showLegend: false}}} as unknown as Panel, ["a"], 400, 300), 0);
});

const line = (name: string, ...values: (number | null)[]): Line => ({name, refId: name, labels: {s: name}, values});
const panelOf = (custom: FieldOptions["custom"], overrides: [string, string, unknown][] = []) => ({fieldConfig: {defaults: {unit: "reqps", custom},
  overrides: overrides.map(([options, id, value]) => ({matcher: {id: "byName", options}, properties: [{id, value}]}))}}) as unknown as Panel;

test("another unit, or what is told to, has the axis at the right", () => {
  const drawn = prepare(panelOf({}, [["mem", "unit", "bytes"], ["far", "custom.axisPlacement", "right"], ["down", "custom.transform", "negative-Y"]]),
    [line("req", 1), line("mem", 2), line("far", 3), line("down", 4)], new Set(), "#000");
  assert.deepEqual(drawn.map((one) => one.scale), ["y", "right", "right", "y"]);
  assert.deepEqual(drawn[3].shown, [-4]);
  assert.deepEqual(drawn[3].raw, [4]);
});

test("stacked upon each other, also as shares of the whole", () => {
  const lines = [line("a", 1, null), line("b", 3, 5)];
  const sums = prepare(panelOf({stacking: {mode: "normal"}}), lines, new Set(), "#000");
  assert.deepEqual(sums.map((one) => one.shown), [[1, null], [4, 5]]);
  assert.equal(sums[1].below, 0);
  const shares = prepare(panelOf({stacking: {mode: "percent"}}), lines, new Set(), "#000");
  assert.deepEqual(shares.map((one) => one.shown), [[0.25, null], [1, 1]]);
  assert.deepEqual([shares[0].axis.unit, shares[0].axis.max, shares[0].options.unit], ["percentunit", 1, "reqps"]);
  assert.deepEqual(prepare(panelOf({stacking: {mode: "normal"}}), lines, new Set(["a"]), "#000")[1].shown, [3, 5]);
});

test("a series' labels stand in its display name", () => {
  const panel = {fieldConfig: {defaults: {displayName: '${__field.labels.s} of ${__field.labels["none"]}now'}}} as unknown as Panel;
  assert.equal(prepare(panel, [line("a", 1)], new Set(), "#000")[0].name, "a of now");
});

test("colours that are partly to be seen through", () => {
  assert.equal(withAlpha("#ff0000", 0.5), "#ff000080");
  assert.equal(withAlpha("#f00", 1), "#ff0000ff");
  assert.equal(withAlpha("rgba(255, 0, 0, 0.5)", 0.5), "rgba(255, 0, 0, 0.25)");
  assert.equal(withAlpha("rgb(1 2 3 / 0.5)", 0.5), "rgba(1, 2, 3, 0.25)");
  assert.equal(withAlpha("hotpink", 0.5), "hotpink");
});

test("states are stretches in the words and colours of their mappings", () => {
  const options = {mappings: [{type: "value", options: {"0": {text: "idle", color: "#00ff00"}, "1": {text: "busy", color: "#ff0000"}}}]};
  const stretches = stretchesOf(line("a", 0, 0, 1, null, 1), {times: [0, 10, 20, 30, 40], step: 10}, options);
  assert.deepEqual(stretches.map(({from, to, text}) => [from, to, text]), [[0, 20, "idle"], [20, 30, "busy"], [40, 50, "busy"]]);
  assert.equal(stretches[1].color, "#ff0000");
});

test("a panel's own range, and how it differs", () => {
  const range = {from: 0, to: 3_600_000};
  assert.deepEqual(ownRange(range, {timeFrom: "10m"}), {range: {from: 3_000_000, to: 3_600_000}, words: "last 10m"});
  assert.deepEqual(ownRange(range, {timeFrom: null, timeShift: "1h"}), {range: {from: -3_600_000, to: 0}, words: "1h earlier"});
  assert.deepEqual(ownRange(range, {}), {range, words: ""});
});
