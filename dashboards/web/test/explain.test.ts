// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {about} from "../src/pages/explain";
import type {Explanation} from "../src/pages/explain";

const rule = (group: string, query: string, ...alerts: Record<string, string>[]) =>
  ({group, file: "f", query, alerts: alerts.map((labels) => ({labels, summary: ""}))}) as unknown as Explanation;
const ALL = [rule("fast", "a"), rule("slow", "b", {s: "x"}, {s: "x", t: "y"}), rule("slow", "c")];

test("of all rules of a name only the card's own, and of its alerts the one with its labels", () => {
  const shown = about(ALL, {name: "Burn", group: "slow", file: "f", query: "b", labels: {s: "x"}});
  assert.deepEqual(shown.map((one) => [one.query, one.alerts.map((alert) => alert.labels)]), [["b", [{s: "x"}]]]);
  assert.equal(about(ALL, {name: "Burn", group: "slow", file: "f", query: "b"})[0].alerts.length, 2);
  assert.deepEqual(about(ALL, {name: "Burn", group: "slow", file: "f", query: "written otherwise"}).map((one) => one.query), ["b", "c"]);
  assert.deepEqual(about(ALL, {name: "Burn", group: "gone", file: "f", query: "b"}), []);
});
