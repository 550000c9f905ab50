// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import {unitedByColor} from "../src/annotations";

test("those of one colour that overlap are one; others stay apart", () => {
  const at = (from: number, to: number, color: string) => ({from, to, color, text: "x"});
  const given = [at(5, 9, "red"), at(0, 6, "red"), at(7, 8, "blue"), at(20, 21, "red"), at(8, 10, "red")];
  const united = unitedByColor(given).map(({from, to, color}) => [from, to, color]);
  assert.deepEqual(united, [[7, 8, "blue"], [0, 10, "red"], [20, 21, "red"]]);
  assert.deepEqual(given[0], at(5, 9, "red"), "what was given is as it was");
  assert.deepEqual(unitedByColor([]), []);
});
