// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {fieldOptions, mapped, parseDashboard, thresholdColor, undrawn} from "../src/model";
import type {Panel} from "../src/model";

const board = (panels: unknown) => JSON.stringify({uid: "x", title: "X", panels});

test("what is no dashboard is told by name and reason", () => {
  assert.throws(() => parseDashboard('{"panels": [', "a.json"), /a\.json is not JSON: /);
  assert.throws(() => parseDashboard("[]", "a.json"), /a\.json is not a dashboard: it has no list of panels/);
  assert.throws(() => parseDashboard("null", "a.json"), /not a dashboard/);
  assert.throws(() => parseDashboard('"text"', "a.json"), /not a dashboard/);
  assert.throws(() => parseDashboard('{"elements": {}, "layout": {}}', "a.json"), /schema v2/);
  assert.throws(() => parseDashboard(board([null]), "a.json"), /panel 1 is no panel/);
  assert.throws(() => parseDashboard(board([{type: "stat", title: "Hits", targets: {}}]), "a.json"), /panel 1, “Hits”: targets is no list/);
  assert.throws(() => parseDashboard(`${" ".repeat(9 << 20)}{}`, "a.json"), /9\.0 MiB is more than a dashboard may have \(8 MiB\)/);
});

test("a panel that cannot be drawn says why, and is no fault of the others", () => {
  const {panels} = parseDashboard(board([{}, {libraryPanel: {uid: "u", name: "Errors"}}, {type: "flamegraph"}]), "a.json");
  assert.deepEqual(panels.map((one) => undrawn(one).slice(0, 40)), ["This panel has no type: its file does no", "This is the library panel “Errors”: Graf", "This page does not draw panels of type “"]);
});

test("what is left out gets a place, a title, a number of its own", () => {
  const {panels} = parseDashboard(board([{type: "stat"}, {type: "row", panels: [{type: "table"}]}]), "a.json");
  assert.deepEqual(panels[0].gridPos, {x: 0, y: 0, w: 24, h: 8});
  assert.equal(panels[0].title, "");
  assert.deepEqual(panels[1].panels![0].gridPos, {x: 0, y: 0, w: 24, h: 8});
  assert.equal(new Set([panels[0].id, panels[1].id, panels[1].panels![0].id]).size, 3);
});

test("a dashboard wrapped as Grafana's API gives it", () => assert.equal(parseDashboard(`{"dashboard": ${board([])}}`, "a.json").title, "X"));

test("overrides by name, pattern and query", () => {
  const panel = {fieldConfig: {defaults: {unit: "s", custom: {fillOpacity: 5}}, overrides: [
    {matcher: {id: "byName", options: "p99"}, properties: [{id: "unit", value: "ms"}, {id: "custom.fillOpacity", value: 0}]},
    {matcher: {id: "byRegexp", options: "/^mean/"}, properties: [{id: "displayName", value: "average"}]},
    {matcher: {id: "byFrameRefID", options: "B"}, properties: [{id: "decimals", value: 2}]},
    {matcher: {id: "byRegexp", options: "/(/"}, properties: [{id: "unit", value: "broken"}]}]}} as unknown as Panel;
  assert.equal(fieldOptions(panel, "p99").unit, "ms");
  assert.equal(fieldOptions(panel, "p99").custom!.fillOpacity, 0);
  assert.equal(fieldOptions(panel, "mean time").displayName, "average");
  assert.equal(fieldOptions(panel, "x", "B").decimals, 2);
  assert.deepEqual(fieldOptions(panel, "x"), {unit: "s", custom: {fillOpacity: 5}});
});

test("thresholds: absolute, and in percent of the axis", () => {
  const steps = [{color: "green", value: null}, {color: "orange", value: 50}, {color: "red", value: 80}];
  const absolute = {thresholds: {mode: "absolute" as const, steps}};
  assert.deepEqual([10, 50, 79.9, 80].map((value) => thresholdColor(value, absolute)), ["green", "orange", "orange", "red"]);
  const percentage = {thresholds: {mode: "percentage" as const, steps}, min: 0, max: 10};
  assert.deepEqual([1, 5, 9].map((value) => thresholdColor(value, percentage)), ["green", "orange", "red"]);
  assert.equal(thresholdColor(1, {}), undefined);
});

test("value mappings: a value, a range, nothing", () => {
  const options = {mappings: [
    {type: "value", options: {"1": {text: "up", color: "green"}}}, {type: "range", options: {from: 2, to: null, result: {text: "many"}}},
    {type: "special", options: {match: "null+nan", result: {text: "none"}}}] as any};
  assert.deepEqual(mapped(null, options), {text: "none"});
  assert.deepEqual(mapped(1, options), {text: "up", color: "green"});
  assert.deepEqual(mapped(7, options), {text: "many"});
  assert.deepEqual(mapped(NaN, options), {text: "none"});
  assert.equal(mapped(0, options), undefined);
});
