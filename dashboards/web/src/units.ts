// SPDX-License-Identifier: Apache-2.0
// Values as people read them, by Grafana's names of units.

import {clock} from "./time";

type Format = (value: number, decimals?: number) => string;

function plain(value: number, decimals?: number): string {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-6) return value.toExponential(2);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(8, 2 - Math.floor(Math.log10(size)));
  return String(Number(value.toFixed(digits)));
}

// As it will be read: 999.7 reads 1000, which is the next larger unit's 1.
const rounded = (value: number, decimals?: number) => Number(plain(value, decimals));

function scaled(base: number, names: string[], suffix = ""): Format {
  return (value, decimals) => {
    let step = 0;
    let size = value;
    while (Math.abs(rounded(size, decimals)) >= base && step + 1 < names.length) size /= base, ++step;
    const unit = `${names[step]}${suffix}`;
    return unit ? `${plain(size, decimals)} ${unit}` : plain(size, decimals);
  };
}

// The largest amount that is still told in the unit, how many seconds it is, its name.
const SPANS: [number, number, string][] = [[1000, 1e-9, "ns"], [1000, 1e-6, "µs"], [1000, 1e-3, "ms"], [120, 1, "s"], [120, 60, "min"], [48, 3600, "h"], [Infinity, 86_400, "d"]];

/** Durations: the factor says how many seconds one unit is. */
function duration(factor: number): Format {
  return (value, decimals) => {
    const seconds = value * factor;
    if (seconds === 0) return "0 s";
    const [, size, name] = SPANS.find(([most, each]) => Math.abs(rounded(seconds / each, decimals)) < most)!;
    return `${plain(seconds / size, decimals)} ${name}`;
  };
}

const short = scaled(1000, ["", "K", "Mil", "Bil", "Tri"]);
const rate = (name: string, per = "s"): Format => (value, decimals) => `${short(value, decimals)} ${name}/${per}`;
const currency = (sign: string): Format => (value, decimals) => `${value < 0 ? "−" : ""}${sign}${short(Math.abs(value), decimals)}`;
const after = (sign: string): Format => (value, decimals) => `${plain(value, decimals)} ${sign}`;
const KIBI = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const KILO = ["B", "kB", "MB", "GB", "TB", "PB"];
const KIBIBITS = ["b", "Kib", "Mib", "Gib", "Tib", "Pib"];
const KILOBITS = ["b", "kb", "Mb", "Gb", "Tb", "Pb"];
const si = (unit: string) => scaled(1000, ["", "k", "M", "G", "T"].map((prefix) => prefix + unit));

// The larger units of a family that begin with that prefix: kbytes, mbytes; KBs, MBs.
function family(names: string[], base: number, unitNames: string[], suffix = ""): [string, Format][] {
  return names.map((name, at) => [name, scaled(base, unitNames.slice(at + 1), suffix)]);
}

const FORMATS: Record<string, Format> = {
  none: plain, short, locale: (value) => value.toLocaleString("en"),
  percent: (value, decimals) => `${plain(value, decimals)} %`,
  percentunit: (value, decimals) => `${plain(value * 100, decimals)} %`,
  ns: duration(1e-9), "µs": duration(1e-6), us: duration(1e-6), ms: duration(1e-3), s: duration(1), m: duration(60),
  h: duration(3600), d: duration(86_400), dtdurations: duration(1), dtdurationms: duration(1e-3), clocks: duration(1),
  bytes: scaled(1024, KIBI), decbytes: scaled(1000, KILO), bits: scaled(1024, KIBIBITS), decbits: scaled(1000, KILOBITS),
  binBps: scaled(1024, KIBI, "/s"), Bps: scaled(1000, KILO, "/s"), binbps: scaled(1024, KIBIBITS, "/s"), bps: scaled(1000, KILOBITS, "/s"),
  ...Object.fromEntries([
    ...family(["kbytes", "mbytes", "gbytes", "tbytes", "pbytes"], 1024, KIBI), ...family(["deckbytes", "decmbytes", "decgbytes", "dectbytes", "decpbytes"], 1000, KILO),
    ...family(["KiBs", "MiBs", "GiBs", "TiBs", "PiBs"], 1024, KIBI, "/s"), ...family(["KBs", "MBs", "GBs", "TBs", "PBs"], 1000, KILO, "/s"),
    ...family(["Kibits", "Mibits", "Gibits", "Tibits", "Pibits"], 1024, KIBIBITS, "/s"), ...family(["Kbits", "Mbits", "Gbits", "Tbits", "Pbits"], 1000, KILOBITS, "/s")]),
  currencyUSD: currency("$"), currencyEUR: currency("€"), currencyGBP: currency("£"), currencyJPY: currency("¥"), currencyCHF: currency("CHF "),
  humidity: after("%H"), fahrenheit: after("°F"), kelvin: after("K"), ppm: after("ppm"), dB: after("dB"), velocityms: after("m/s"), velocitykmh: after("km/h"),
  watt: si("W"), kwatt: scaled(1000, ["kW", "MW", "GW"]), watth: si("Wh"), kwatth: scaled(1000, ["kWh", "MWh", "GWh"]), volt: si("V"), amp: si("A"), joule: si("J"),
  sishort: si(""), rotrpm: after("rpm"), rothz: si("Hz"), hex: (value) => Math.round(value).toString(16), sci: (value, decimals) => value.toExponential(decimals ?? 2),
  reqps: rate("req"), ops: rate("ops"), cps: rate("c"), wps: rate("write"), rps: rate("read"), eps: rate("event"),
  iops: rate("io"), opm: rate("ops", "min"), cpm: rate("c", "min"), reqpm: rate("req", "min"), mps: rate("msg"), pps: rate("packet"), hertz: scaled(1000, ["Hz", "kHz", "MHz", "GHz"]), celsius: after("°C"),
  bool: (value) => (value ? "true" : "false"), bool_yes_no: (value) => (value ? "yes" : "no"), bool_on_off: (value) => (value ? "on" : "off"),
  dateTimeAsIso: (value) => clock(value, true), dateTimeAsSystem: (value) => clock(value, true), dateTimeAsLocal: (value) => clock(value, true), dateTimeAsUS: (value) => clock(value, true),
  dateTimeFromNow: (value) => `${duration(1e-3)(Date.now() - value, 0)} ago`,
};

/** "1.5 ms" for (0.0015, "s"). An unknown unit is written after the number. */
export function format(value: number | null | undefined, unit = "short", decimals?: number | null): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  const places = decimals ?? undefined;
  if (Object.hasOwn(FORMATS, unit)) return FORMATS[unit](value, places);
  if (unit.startsWith("suffix:")) return `${short(value, places)} ${unit.slice(7)}`;
  if (unit.startsWith("prefix:")) return `${unit.slice(7)} ${short(value, places)}`;
  return unit ? `${short(value, places)} ${unit}` : short(value, places);
}

const BINARY = new Set(["bytes", "binBps", "binbps", "bits", "kbytes", "mbytes", "gbytes", "tbytes", "pbytes", "KiBs", "MiBs", "GiBs", "Kibits", "Mibits", "Gibits"]);
/** Counted in 1024s. */
export const isBinary = (unit?: string) => unit !== undefined && BINARY.has(unit);

export const knowsUnit = (unit: string) => Object.hasOwn(FORMATS, unit) || /^(suffix|prefix):/.test(unit);
