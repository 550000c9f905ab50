// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {readFileSync, readdirSync} from "node:fs";
import {join} from "node:path";
import test from "node:test";
import {format, knowsUnit} from "../src/units";

const CASES: [number | null, string, number | null | undefined, string][] = [
  [0, "short", undefined, "0"], [1234, "short", undefined, "1.23 K"], [999.7, "short", undefined, "1 K"], [-2_500_000, "short", undefined, "-2.5 Mil"],
  [0.0123, "short", undefined, "0.0123"], [12.34, "short", 1, "12.3"], [3e-9, "short", undefined, "3.00e-9"],
  [1536, "bytes", undefined, "1.5 KiB"], [1023.99, "bytes", undefined, "1 KiB"], [1024, "bytes", undefined, "1 KiB"], [2.5e9, "decbytes", undefined, "2.5 GB"], [3_000_000, "Bps", undefined, "3 MB/s"],
  [0.0015, "s", undefined, "1.5 ms"], [0.9999, "s", undefined, "1 s"], [119, "s", undefined, "119 s"], [120, "s", undefined, "2 min"], [86_400, "s", undefined, "24 h"],
  [250_000, "µs", undefined, "250 ms"], [5e6, "µs", undefined, "5 s"], [12e-9, "s", undefined, "12 ns"], [0, "ms", undefined, "0 s"], [4_000_000, "s", undefined, "46.3 d"],
  [0.057, "percentunit", undefined, "5.7 %"], [0.057, "percentunit", 0, "6 %"], [12, "percent", undefined, "12 %"],
  [42, "reqps", undefined, "42 req/s"], [1500, "opm", undefined, "1.5 K ops/min"], [7, "iops", undefined, "7 io/s"],
  [3, "suffix:things", undefined, "3 things"], [3, "prefix:no", undefined, "no 3"], [3, "furlongs", undefined, "3 furlongs"],
  [1500, "bps", undefined, "1.5 kb/s"], [2048, "mbytes", undefined, "2 GiB"], [2000, "decgbytes", undefined, "2 TB"], [1.5, "MBs", undefined, "1.5 MB/s"], [3, "Kbits", undefined, "3 kb/s"],
  [1500, "currencyUSD", undefined, "$1.5 K"], [-2, "currencyEUR", undefined, "−€2"], [41, "humidity", undefined, "41 %H"], [1500, "watt", undefined, "1.5 kW"], [255, "hex", undefined, "ff"],
  [null, "s", undefined, "–"], [NaN, "s", undefined, "–"], [Infinity, "s", undefined, "+∞"], [-Infinity, "reqps", undefined, "−∞"],
  [Date.UTC(2026, 0, 31, 13, 5, 6), "dateTimeAsIso", undefined, "2026-01-31 14:05:06"],
];

for (const [value, unit, decimals, expected] of CASES) test(`${value} in ${unit} reads ${expected}`, () => assert.equal(format(value, unit, decimals), expected));

test("every unit of the shipped dashboards is known", () => {
  const folder = join(process.env.REPOSITORY!, "dashboards");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    for (const [, unit] of readFileSync(join(folder, file), "utf8").matchAll(/"unit":\s*"([^"]+)"/g)) assert.ok(knowsUnit(unit), `${file}: ${unit}`);
  }
});
