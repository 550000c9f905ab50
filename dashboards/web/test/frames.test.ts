// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {intervalsFor, lineName, loadPanel, numberOf} from "../src/frames";
import type {Context} from "../src/frames";
import type {Panel, Target} from "../src/model";

const context: Context = {range: {from: 1_000_000, to: 1_060_000}, raw: {from: "now-1m", to: "now"}, scope: new Map(), tickSeconds: 10, pixels: 600};
const panel = (...targets: Partial<Target>[]) => ({id: 1, type: "timeseries", title: "", targets: targets.map((one, at) => ({refId: "ABC"[at], ...one}))}) as unknown as Panel;
const load = (one: Panel, changed: Partial<Context> = {}) => loadPanel(one, {...context, ...changed}, new AbortController().signal);

function answering(answer: (path: string, form: URLSearchParams) => unknown): void {
  globalThis.fetch = async (url, init) => {
    const {pathname, search} = new URL(String(url), "http://agent");
    const given = answer(pathname, new URLSearchParams(init?.body as string ?? search));
    return given instanceof Response ? given : new Response(JSON.stringify({status: "success", data: given}));
  };
}

test("samples find their place on the time axis; what is missing is null", async () => {
  answering(() => ({resultType: "matrix", result: [{metric: {s: "a"}, values: [[1000, "1"], [1020, "NaN"], [1060, "+Inf"]]}]}));
  const data = await load(panel({expr: "x", legendFormat: "{{ s }}"}));
  assert.deepEqual(data.times, [1000, 1010, 1020, 1030, 1040, 1050, 1060]);
  assert.equal(data.lines[0].name, "a");
  assert.deepEqual(data.lines[0].values, [1, null, NaN, null, null, null, Infinity]);
});

test("a range within one step asks for one point", async () => {
  answering((_, form) => {
    assert.ok(Number(form.get("start")) <= Number(form.get("end")));
    return {resultType: "matrix", result: []};
  });
  const data = await load(panel({expr: "x"}), {range: {from: 1_001_000, to: 1_003_000}});
  assert.deepEqual(data.errors, []);
  assert.equal(data.times.length, 1);
});

test("a panel's least interval, in any unit", async () => {
  answering(() => ({resultType: "matrix", result: []}));
  assert.equal((await load({...panel({expr: "x"}), interval: "1m"})).step, 60);
  assert.equal((await load({...panel({expr: "x"}), interval: ">30s"})).step, 30);
  assert.equal((await load({...panel({expr: "x"}), interval: "1s"})).step, 10, "never below the tick");
});

test("one query that fails leaves the others, in their order", async () => {
  answering((_, form) => form.get("query") === "bad"
    ? new Response(JSON.stringify({status: "error", error: "parse error"}), {status: 400})
    : {resultType: "matrix", result: [{metric: {__name__: form.get("query")}, values: [[1000, "1"]]}]});
  const data = await load(panel({expr: "one"}, {expr: "bad"}, {expr: "three"}));
  assert.deepEqual(data.errors, ["B: parse error"]);
  assert.deepEqual(data.lines.map((line) => line.name), ["one", "three"]);
});

test("instant queries give rows, hidden ones are not asked", async () => {
  answering((path) => {
    assert.equal(path, "/api/v1/query");
    return {resultType: "vector", result: [{metric: {s: "a"}, value: [1060, "4"]}]};
  });
  const data = await load(panel({expr: "x", instant: true}, {expr: "y", hide: true}));
  assert.deepEqual(data.rows, [{labels: {s: "a"}, value: 4, refId: "A", name: "a"}]);
});

test("what is no single number is shown as a text: range vectors, strings, histograms", async () => {
  const rows = async (data: unknown) => { answering(() => data); return (await load(panel({expr: "x", instant: true}))).rows.map((row) => row.value); };
  assert.deepEqual(await rows({resultType: "matrix", result: [{metric: {s: "a"}, values: [[0, "1"], [10, "2"]]}]}), ["2 at 01:00:10\n1 at 01:00:00"]);
  assert.deepEqual(await rows({resultType: "string", result: [0, "text"]}), ["text"]);
  assert.deepEqual(await rows({resultType: "scalar", result: [0, "7"]}), [7]);
  assert.deepEqual(await rows({resultType: "vector", result: [{metric: {}, histogram: [0, {count: "3", sum: "5"}]}]}), ["a histogram of 3, sum 5"]);
});

test("a query of a foreign data source is told although it has no expr", async () => {
  answering(() => ({resultType: "matrix", result: [{metric: {}, values: [[1000, "1"]]}]}));
  const data = await load(panel({expr: "x"}, {datasource: {type: "influxdb"}}));
  assert.deepEqual(data.errors, ["B: asks a data source of type “influxdb”; here is none but the agent"]);
  assert.equal(data.lines.length, 1, "the others are drawn");
});

test("nothing is asked of the future", async () => {
  const asked: number[] = [];
  answering((_, form) => { asked.push(Number(form.get("time") ?? form.get("end"))); return {resultType: "vector", result: []}; });
  const range = {from: Date.now() - 60_000, to: Date.now() + 3_600_000};
  await load(panel({expr: "x", instant: true}, {expr: "y"}), {range});
  assert.ok(asked.length === 2 && asked.every((time) => time * 1000 <= Date.now()));
});

test("native histograms become buckets", async () => {
  answering(() => ({resultType: "matrix", result: [{metric: {}, histograms: [[1000, {count: "3", sum: "5", buckets: [[0, "1", "2", "2"], [0, "2", "+Inf", "1"]]}]]}]}));
  assert.deepEqual((await load(panel({expr: "h"}))).native, [{time: 1000, buckets: [{low: 1, high: 2, count: 2}, {low: 2, high: Infinity, count: 1}]}]);
});

test("exemplars: the slowest three of each stretch, and a failure of theirs is no failure of the panel", async () => {
  const exemplars = [5, 1, 9, 7, 8].map((value, at) => ({labels: {trace_id: `t${value}`}, value: String(value), timestamp: 1000 + at}));
  answering((path) => path.endsWith("exemplars") ? [{seriesLabels: {}, exemplars}] : {resultType: "matrix", result: []});
  assert.deepEqual((await load(panel({expr: "x", exemplar: true}))).exemplars.map((one) => one.value), [9, 8, 7]);
  answering((path) => path.endsWith("exemplars") ? new Response("no", {status: 500}) : {resultType: "matrix", result: []});
  assert.deepEqual((await load(panel({expr: "x", exemplar: true}))).errors, []);
});

test("a series without a format is called by what tells it apart", () => {
  const name = (labels: Record<string, string>, legendFormat = "") => lineName({refId: "A", expr: "sum(x)", legendFormat}, labels);
  assert.equal(name({}), "sum(x)");
  assert.equal(name({s: "a"}), "a");
  assert.equal(name({s: "a", t: "b"}), '{s="a", t="b"}');
  assert.equal(name({__name__: "up", job: "x"}), 'up{job="x"}');
  assert.equal(name({s: "a"}, "{{s}} of {{none}}!"), "a of !");
});

test("numbers as Prometheus writes them", () => assert.deepEqual(["1.5", "+Inf", "-Inf", "NaN"].map(numberOf), [1.5, Infinity, -Infinity, NaN]));

test("intervals that queries may name", () => {
  const intervals = intervalsFor(context, 10);
  assert.equal(intervals.__interval, "10s");
  assert.equal(intervals.__rate_interval, "40s");
  assert.equal(intervals.__range, "1m");
  assert.equal(intervals.__range_s, "60");
});
