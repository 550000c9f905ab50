// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {fieldOptions, foreignSource, parseDashboard, thresholdColor} from "../src/model";
import type {Panel, Target} from "../src/model";

// As Grafana 4 and 5 wrote it.
const OLD = JSON.stringify({title: "nodes", schemaVersion: 14, rows: [
  {title: "Load", showTitle: true, height: "266px", panels: [
    {type: "graph", title: "load", span: 8, stack: true, fill: 3, linewidth: 2, targets: [{expr: "node_load1", refId: "A"}],
      legend: {show: true, values: true, avg: true, current: true, alignAsTable: true}, yaxes: [{format: "bytes", logBase: 10, min: "0", max: null, label: "held"}, {format: "short"}]},
    {type: "singlestat", title: "up", span: 4, format: "percentunit", valueName: "current", thresholds: "0.5, 0.9", colors: ["red", "yellow", "green"], colorValue: true},
    {type: "graph", title: "next line", span: 12}]},
  {title: "Folded", collapse: true, panels: [{type: "table", title: "t"}]},
  {panels: [{type: "text", title: "end"}]}]});

test("rows hold their panels: they flow by their spans, and fold", () => {
  const {panels} = parseDashboard(OLD, "old.json");
  assert.deepEqual(panels.map((one) => [one.type, one.title]), [["row", "Load"], ["graph", "load"], ["singlestat", "up"], ["graph", "next line"], ["row", "Folded"], ["text", "end"]]);
  assert.deepEqual(panels[1].gridPos, {x: 0, y: 1, w: 16, h: 7});
  assert.deepEqual(panels[2].gridPos, {x: 16, y: 1, w: 8, h: 7});
  assert.equal(panels[3].gridPos.y, 8);
  assert.equal(panels[4].panels!.length, 1);
  assert.equal(panels[4].collapsed, true);
  assert.ok(panels[5].gridPos.y > panels[4].gridPos.y);
});

test("an older graph says its unit, axis, stack and legend", () => {
  const graph = parseDashboard(OLD, "old.json").panels[1];
  const {unit, min, max, custom} = graph.fieldConfig!.defaults;
  assert.deepEqual([unit, min, max], ["bytes", 0, undefined]);
  assert.deepEqual(custom, {scaleDistribution: {type: "log", log: 10}, axisLabel: "held", fillOpacity: 30, lineWidth: 2, stacking: {mode: "normal"}});
  assert.deepEqual(graph.options!.legend, {showLegend: true, displayMode: "table", calcs: ["mean", "lastNotNull"]});
});

test("an older single number says its unit, which value, and its colours", () => {
  const single = parseDashboard(OLD, "old.json").panels[2];
  const {defaults} = single.fieldConfig!;
  assert.equal(defaults.unit, "percentunit");
  assert.deepEqual([0.1, 0.5, 0.95].map((value) => thresholdColor(value, defaults)), ["red", "yellow", "green"]);
  assert.deepEqual(single.options!.reduceOptions, {calcs: ["lastNotNull"]});
});

test("what is said in today's words stays", () => {
  const text = JSON.stringify({title: "x", panels: [{type: "graph", title: "g", fieldConfig: {defaults: {unit: "s", custom: {fillOpacity: 5}}}, yaxes: [{format: "bytes"}], fill: 4}]});
  const {defaults} = parseDashboard(text, "x.json").panels[0].fieldConfig!;
  assert.deepEqual([defaults.unit, defaults.custom!.fillOpacity], ["s", 5]);
});

test("rows that are none are told, not drawn", () => {
  assert.throws(() => parseDashboard(JSON.stringify({rows: [{panels: [1]}]}), "x.json"), /panel 1 is no panel/);
  assert.doesNotThrow(() => parseDashboard(JSON.stringify({rows: [null, {}]}), "x.json"));
});

const only = (panel: unknown) => parseDashboard(JSON.stringify({title: "x", panels: [panel]}), "x.json").panels[0];

test("an older text has its words at the top", () => {
  assert.deepEqual(only({type: "text", content: "<b>hi</b>", mode: "html"}).options, {content: "<b>hi</b>", mode: "html"});
});

test("an older single number may be a gauge, with texts for values", () => {
  const gauge = only({type: "singlestat", gauge: {show: true, minValue: 0, maxValue: 5}, valueMaps: [{value: "null", text: "N/A"}, {value: "1", text: "up"}]});
  const {min, max, mappings} = gauge.fieldConfig!.defaults;
  assert.deepEqual([gauge.type, min, max], ["gauge", 0, 5]);
  assert.deepEqual(mappings!.map((one) => one.type), ["special", "value"]);
});

test("an older graph says of single series what is an override today", () => {
  const graph = only({type: "graph", yaxes: [{format: "ops"}, {format: "bytes"}], seriesOverrides: [{alias: "/mem/", yaxis: 2, color: "#f00"}, {alias: "out", transform: "negative-Y"}]});
  const memory = fieldOptions(graph, "mem used");
  assert.deepEqual([memory.unit, memory.custom!.axisPlacement, memory.color!.fixedColor], ["bytes", "right", "#f00"]);
  assert.equal(fieldOptions(graph, "out").custom!.transform, "negative-Y");
});

test("which queries are not for us", () => {
  const of = (panel: unknown, target: unknown) => foreignSource({datasource: panel} as Panel, {datasource: target} as Target);
  assert.equal(of({type: "loki"}, undefined), "loki");
  assert.equal(of({type: "loki"}, {type: "prometheus"}), undefined);
  assert.equal(of({type: "datasource", uid: "-- Dashboard --"}, undefined), "-- Dashboard --");
  for (const source of [null, undefined, "$datasource", "Prometheus", {type: "prometheus", uid: "x"}, {uid: "x"}]) assert.equal(of(source, undefined), undefined);
});
