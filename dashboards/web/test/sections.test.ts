// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import type {Dashboard} from "../src/model";
import {sectionsOf} from "../src/pages/sections";
import {interpolate} from "../src/variables";
import type {Scope} from "../src/variables";

const SCOPE: Scope = new Map([["s", {model: {name: "s", type: "query", multi: true, includeAll: true}, options: ["a.b", "c"], values: ["$__all"]}]]);
const panel = (id: number, type: string, y: number, more = {}) => ({id, type, title: `${type} $s`, gridPos: {x: 0, y, w: 8, h: 4}, ...more});
const board = (...panels: unknown[]) => ({uid: "x", title: "x", panels}) as Dashboard;

test("a row that repeats stands once a value, with the panels under it", () => {
  const sections = sectionsOf(board(panel(1, "stat", 0), panel(2, "row", 4, {repeat: "s"}), panel(3, "stat", 5), panel(4, "row", 9), panel(5, "stat", 10)), SCOPE);
  assert.deepEqual(sections.map((one) => one.title), ["", "row a.b", "row c", "row All"]);
  assert.deepEqual(sections.map((one) => one.panels.length), [1, 1, 1, 1]);
  assert.deepEqual(sections.slice(1, 3).map((one) => interpolate('x{s=~"$s"}', one.panels[0].scope)), ['x{s=~"a\\\\.b"}', 'x{s=~"c"}']);
  const ids = sections.flatMap((one) => one.panels.map(({panel: own}) => own.id));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.includes(3), "links still find the first");
});

test("a panel that repeats stands beside itself, or below", () => {
  const across = sectionsOf(board(panel(1, "stat", 0, {repeat: "s"})), SCOPE)[0].panels.map((one) => one.panel.gridPos);
  assert.deepEqual(across.map(({x, y, w}) => [x, y, w]), [[0, 0, 12], [12, 0, 12]]);
  const down = sectionsOf(board(panel(1, "stat", 0, {repeat: "s", repeatDirection: "v"})), SCOPE)[0].panels.map((one) => one.panel.gridPos);
  assert.deepEqual(down.map(({x, y, w}) => [x, y, w]), [[0, 0, 8], [0, 4, 8]]);
});
