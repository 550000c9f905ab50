// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {about, inLocalTime} from "../src/pages/explanation";
import type {Explanation} from "../src/pages/explanation";

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

test("times are told in the browser's zone, as everywhere on the page", () => {
  assert.equal(inLocalTime("pending since 13:05:11 UTC (2s ago), fires 23:30:00 UTC", "2026-11-30"), "pending since 14:05:11 (2s ago), fires 00:30:00");
  assert.equal(inLocalTime("ended 2026-07-31 23:00:00 UTC", "2026-11-30"), "ended 2026-08-01 01:00:00");
});
