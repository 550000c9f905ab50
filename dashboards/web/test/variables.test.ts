// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import type {VariableModel} from "../src/model";
import {ALL, cellAddress, inOrder, interpolate, loadVariables, readable} from "../src/variables";
import type {Scope} from "../src/variables";

const RANGE = {from: 0, to: 1000};
const variable = (model: Partial<VariableModel> & {name: string}, values: string[], options: string[] = []) => ({model: {type: "query", ...model}, values, options});
const scope = (...all: ReturnType<typeof variable>[]): Scope => new Map(all.map((one) => [one.model.name, one]));
const load = (models: Partial<VariableModel>[], parameters = "") => loadVariables(models as VariableModel[], new URLSearchParams(parameters), RANGE, new AbortController().signal);

// What the agent is asked, and its answer.
function answering(answer: (url: string) => unknown): string[] {
  const asked: string[] = [];
  globalThis.fetch = async (url) => {
    asked.push(decodeURIComponent(String(url)));
    return new Response(JSON.stringify({status: "success", data: answer(String(url))}));
  };
  return asked;
}

test("one value, many values, all values", () => {
  const one = scope(variable({name: "s"}, ["a.b"]));
  assert.equal(interpolate('x{s="$s"}', one), 'x{s="a.b"}');
  const many = scope(variable({name: "s", multi: true}, ["a.b", "c"]));
  assert.equal(interpolate('x{s=~"$s"}', many), 'x{s=~"(a\\\\.b|c)"}');
  const all = scope(variable({name: "s", multi: true, includeAll: true}, [ALL], ["a", "b"]));
  assert.equal(interpolate('x{s=~"${s}"}', all), 'x{s=~"(a|b)"}');
  const given = scope(variable({name: "s", includeAll: true, allValue: ".*"}, [ALL], ["a", "b"]));
  assert.equal(interpolate('x{s=~"[[s]]"}', given), 'x{s=~".*"}');
});

test("a cell's link holds the fields of its row, in any of Grafana's formats", () => {
  const row: Record<string, string> = {server_name: "a b", "p95, ms": "5"};
  const address = (url: string) => cellAddress(url, (name) => row[name], 7);
  assert.equal(address("/d/x?var-s=${__data.fields.server_name:percentencode}&v=${__value.raw}"), "/d/x?var-s=a%20b&v=7");
  assert.equal(address('/d/x?var-s=${__data.fields["p95, ms"]}&n=${__data.fields.none}'), "/d/x?var-s=5&n=");
});

test("formats", () => {
  const many = scope(variable({name: "s", multi: true}, ["a", "b"]));
  assert.equal(interpolate("${s:pipe} ${s:csv} ${s:raw}", many), "a|b a,b a,b");
  assert.equal(readable("${s:queryparam}", many), "var-s=a&var-s=b");
  assert.equal(readable("of $s", many), "of a + b");
  assert.equal(readable("of $s", scope(variable({name: "s", includeAll: true}, [ALL]))), "of All");
});

test("text is escaped for its place: quotes, backslashes, patterns", () => {
  assert.equal(interpolate('{s="$s"}', scope(variable({name: "s"}, ['a"b\\c']))), '{s="a\\"b\\\\c"}');
  assert.equal(interpolate('{s=~"$s"}', scope(variable({name: "s", multi: true}, ["a\\b"]))), '{s=~"a\\\\\\\\b"}');
  assert.equal(interpolate('{s=~"$s"}', scope(variable({name: "s", multi: true}, ["GET /a/{id}"]))), '{s=~"GET /a/\\\\{id\\\\}"}');
});

test("an interval may follow the range", async () => {
  const auto = await load([{name: "iv", type: "interval", query: "1m,5m", auto: true, auto_count: 30, auto_min: "10s", current: {value: "$__auto_interval_iv"}}]);
  assert.deepEqual(auto.get("iv")!.options, ["$__auto_interval_iv", "1m", "5m"]);
  assert.equal(interpolate("x[$iv]", auto, {__range_ms: "3600000"}), "x[2m]");
  assert.equal(interpolate("x[$iv]", auto, {__range_ms: "60000"}), "x[10s]");
  assert.equal(readable("$iv", auto), "auto");
});

test("a custom variable is read by its text and asked by its value", async () => {
  const custom = await load([{name: "q", type: "custom", query: "p50 : 0.5, p95 : 0.95, a\\,b", current: {value: "0.95"}}]);
  assert.deepEqual(custom.get("q")!.options, ["0.5", "0.95", "a,b"]);
  assert.equal(interpolate("$q", custom), "0.95");
  assert.equal(readable("at $q", custom), "at p95");
});

test("what is no variable stays as it is", () => {
  assert.equal(interpolate('label_replace(x, "a", "$1", "b", "(.*)") $none', scope()), 'label_replace(x, "a", "$1", "b", "(.*)") $none');
  assert.equal(interpolate("rate(x[$__rate_interval])", scope(), {__rate_interval: "1m"}), "rate(x[1m])");
});

test("links carry time and variables", () => {
  const two = scope(variable({name: "dc"}, ["eu & us"]), variable({name: "datasource", type: "datasource"}, ["x"]));
  assert.equal(readable("/d/x?${__url_time_range}&${__all_variables}", two, {__raw_from: "now-1h", __raw_to: "now"}), "/d/x?from=now-1h&to=now&var-dc=eu%20%26%20us");
});

test("those that others need come first; a circle is named", () => {
  const model = (name: string, query: string) => ({name, query, type: "query"});
  assert.deepEqual(inOrder([model("c", "label_values(x{b=\"$b\"}, c)"), model("b", "label_values(x{a=\"${a}\"}, b)"), model("a", "label_values(a)")]).map((one) => one.name), ["a", "b", "c"]);
  assert.throws(() => inOrder([model("a", "$b"), model("b", "[[a]]")]), /circle: a → b → a/);
  assert.throws(() => inOrder([model("a", "$a")]), /circle: a → a/);
});

test("options come from the agent, narrowed by the variables before", async () => {
  const asked = answering((url) => url.includes("/label/dc/") ? ["eu", "us"] : ["checkout", "search"]);
  const loaded = await load([{name: "server_name", type: "query", query: 'label_values(server_request_total{dc=~"$dc"}, server_name)', multi: true, includeAll: true},
    {name: "dc", type: "query", query: {query: "label_values(server_request_total, dc)"}, multi: true, includeAll: true}], "var-dc=eu");
  assert.deepEqual(loaded.get("dc")!.values, ["eu"]);
  assert.deepEqual(loaded.get("server_name")!.values, [ALL]);
  assert.deepEqual(loaded.get("server_name")!.options, ["checkout", "search"]);
  assert.match(asked[1], /match\[\]=server_request_total\{dc=~"eu"\}/);
});

test("regex and sort of a variable", async () => {
  answering(() => ["b-2", "a-1", "other"]);
  const loaded = await load([{name: "v", type: "query", query: "label_values(v)", regex: "/(\\w+)-\\d/", sort: 1}]);
  assert.deepEqual(loaded.get("v")!.options, ["a", "b"]);
});

test("custom, interval, text and constant ask nobody", async () => {
  const asked = answering(() => []);
  const loaded = await load([{name: "c", type: "custom", query: "one : 1, two : 2"}, {name: "i", type: "interval", query: "1m,5m"},
    {name: "t", type: "textbox", query: "hello"}, {name: "k", type: "constant", query: "fixed"}]);
  assert.deepEqual([...loaded.values()].map((one) => one.values), [["1"], ["1m"], ["hello"], ["fixed"]]);
  assert.deepEqual(asked, []);
});

test("a variable that cannot be asked for carries its error, and the others stand", async () => {
  globalThis.fetch = async () => { throw new TypeError("refused"); };
  const loaded = await load([{name: "a", type: "query", query: "label_values(a)"}, {name: "b", type: "query", query: "what(1)"}, {name: "c", type: "custom", query: "x"}], "var-a=asked");
  assert.match(loaded.get("a")!.error!, /does not answer/);
  assert.deepEqual(loaded.get("a")!.values, ["asked"]);
  assert.match(loaded.get("b")!.error!, /b asks in a way/);
  assert.deepEqual(loaded.get("c")!.values, ["x"]);
});
