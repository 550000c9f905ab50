// SPDX-License-Identifier: Apache-2.0
// The runner sets the time zone to Europe/Berlin: an hour before UTC in winter, two in summer.
import assert from "node:assert/strict";
import test from "node:test";
import {ago, clock, describeRange, durationMs, durationText, momentMs, narrowed, rangeAfter, rangeFault, rangeOf, rateInterval, stepSeconds} from "../src/time";

const NOW = Date.UTC(2026, 2, 29, 10, 30, 15);  // a Sunday, the day of 23 hours

test("durations are read whole or not at all", () => {
  assert.equal(durationMs("1h30m"), 5_400_000);
  assert.equal(durationMs("250ms"), 250);
  assert.equal(durationMs("1.5s"), 1500);
  for (const bad of ["", "5", "m5", "5m ", "5 m", "-5m"]) assert.ok(Number.isNaN(durationMs(bad)), bad);
});

test("durations are written as PromQL reads them", () => {
  assert.equal(durationText(90_000), "1m30s");
  assert.equal(durationText(500), "500ms");
  assert.equal(durationText(0), "1ms");
  assert.equal(durationText(90_061_000), "1d1h1m1s");
  for (const ms of [1000, 59_000, 3_600_000, 90_061_000]) assert.equal(durationMs(durationText(ms)), ms);
});

test("moments as Grafana writes them", () => {
  const at = (text: string, end = false) => momentMs(text, NOW, end);
  assert.equal(at("now"), NOW);
  assert.equal(at("now-90m"), NOW - 5_400_000);
  assert.equal(at("now-1h-30m"), NOW - 5_400_000);
  assert.equal(at("now+1h"), NOW + 3_600_000);
  assert.equal(at("1700000000000"), 1_700_000_000_000);
  assert.equal(at("2026-01-31T12:00:00Z"), Date.UTC(2026, 0, 31, 12));
  assert.equal(at("now/h"), Date.UTC(2026, 2, 29, 10));
  assert.equal(at("now/d"), Date.UTC(2026, 2, 28, 23));
  assert.equal(at("now/d", true), Date.UTC(2026, 2, 29, 22) - 1, "summer begins on this day, which has 23 hours");
  assert.equal(at("now-1d/d"), Date.UTC(2026, 2, 27, 23));
  assert.equal(at("now/w"), Date.UTC(2026, 2, 22, 23), "Monday");
  assert.equal(at("now/M"), Date.UTC(2026, 1, 28, 23));
  assert.equal(at("now/y"), Date.UTC(2025, 11, 31, 23));
  for (const bad of ["", "nowhere", "now-", "now-5", "now-5m/q", "yesterday"]) assert.ok(Number.isNaN(at(bad)), bad);
});

test("a range that cannot be read is the last hour, and is said", () => {
  assert.equal(rangeFault({from: "now-1h", to: "now"}, NOW), "");
  assert.equal(rangeFault({from: "abc", to: "now"}, NOW), "“abc” is no time");
  assert.match(rangeFault({from: "now", to: "now-1h"}, NOW), /ends before it begins/);
  assert.deepEqual(rangeOf({from: "abc", to: "now"}, NOW), {from: NOW - 3_600_000, to: NOW});
});

test("a live range that is made wider or narrower stays live", () => {
  const raw = {from: "now-90m", to: "now"};
  const range = rangeOf(raw, NOW);
  assert.deepEqual(rangeAfter(raw, range, range.from - 2_700_000, range.to + 2_700_000, NOW), {from: "now-3h", to: "now"});
  assert.deepEqual(narrowed(raw, range, NOW), {from: "now-45m", to: "now"});
  assert.deepEqual(narrowed({from: "now-7s", to: "now"}, {from: NOW - 7000, to: NOW}, NOW), {from: "now-5s", to: "now"}, "never less than 5 s");
});

test("no range reaches into the future unless it did", () => {
  const hour = {from: String(NOW - 3_600_000), to: String(NOW - 600_000)};
  const range = rangeOf(hour, NOW);
  assert.deepEqual(rangeAfter(hour, range, range.from - 1_500_000, range.to + 1_500_000, NOW), {from: String(NOW - 6_000_000), to: String(NOW)}, "as wide, but ends now");
  assert.equal(rangeAfter({from: "now-1h", to: "now"}, {from: NOW - 3_600_000, to: NOW - 20_000}, NOW, NOW + 3_600_000, NOW), null, "later than now is nothing");
  const today = {from: NOW - 1000, to: NOW + 9000};
  assert.deepEqual(rangeAfter({from: "now/d", to: "now/d"}, today, NOW - 6000, NOW + 14_000, NOW), {from: String(NOW - 11_000), to: String(NOW + 9000)});
});

test("what is dragged is at least five seconds", () => {
  const raw = {from: "now-1h", to: "now"};
  assert.deepEqual(rangeAfter(raw, rangeOf(raw, NOW), NOW - 60_000, NOW - 59_000, NOW), {from: String(NOW - 62_000), to: String(NOW - 57_000)});
});

test("a step is nice, follows the width, and is never below the tick", () => {
  const hour = {from: 0, to: 3_600_000};
  assert.equal(stepSeconds(hour, 1200, 1), 10);
  assert.equal(stepSeconds(hour, 300, 1), 30);
  assert.equal(stepSeconds(hour, 1200, 15), 15);
  assert.equal(stepSeconds({from: 0, to: 1000}, 600, 0.5), 1);
  assert.ok(stepSeconds({from: 0, to: 365 * 86_400_000}, 600, 15) >= 86_400);
});

test("rate() always has two samples", () => {
  assert.equal(rateInterval(15, 15), 60);
  assert.equal(rateInterval(300, 15), 315);
});

test("times as people read them", () => {
  assert.equal(clock(NOW), "12:30:15");
  assert.equal(clock(NOW, true), "2026-03-29 12:30:15");
  assert.equal(ago(NOW - 500, NOW), "now");
  assert.equal(ago(NOW - 61_000, NOW), "1m 1s ago");
  assert.equal(ago(NOW - 3_661_000, NOW), "1h 1m ago");
  assert.equal(describeRange({from: "now-1h", to: "now"}), "last hour");
  assert.equal(describeRange({from: "now-15m", to: "now"}), "last 15 minutes");
  assert.equal(describeRange({from: String(NOW), to: String(NOW + 60_000)}), "2026-03-29 12:30:15 to 2026-03-29 12:31:15");
});
