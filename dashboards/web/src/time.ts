// SPDX-License-Identifier: Apache-2.0
// Time ranges as Grafana writes them in a link ("now-1h", "now/d", epoch milliseconds), steps and intervals.

export interface RawRange { from: string; to: string }
export interface Range { from: number; to: number }  // epoch milliseconds

const UNIT_MS: Record<string, number> = {
  ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, M: 2_592_000_000, y: 31_536_000_000,
};

/** "15s", "1h30m" in milliseconds; NaN where it is none. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwMy])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) return NaN;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit], 0);
}

/** Milliseconds as PromQL writes them: 90000 is "1m30s". */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))}ms`;
  let left = Math.round(ms / 1000);
  let text = "";
  for (const [unit, size] of [["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]] as const) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${count}${unit}`;
    left -= count * size;
  }
  return text || "0s";
}

function startOf(ms: number, unit: string, end: boolean): number {
  const at = new Date(ms);
  if (unit === "m") at.setSeconds(0, 0);
  else if (unit === "h") at.setMinutes(0, 0, 0);
  else at.setHours(0, 0, 0, 0);
  if (unit === "w") at.setDate(at.getDate() - ((at.getDay() + 6) % 7));  // weeks begin on Monday
  if (unit === "M") at.setDate(1);
  if (unit === "y") at.setMonth(0, 1);
  if (!end) return at.getTime();
  // By the calendar: a day may have 23 hours.
  if (unit === "d") at.setDate(at.getDate() + 1);
  else if (unit === "w") at.setDate(at.getDate() + 7);
  else if (unit === "M") at.setMonth(at.getMonth() + 1);
  else if (unit === "y") at.setFullYear(at.getFullYear() + 1);
  else at.setTime(at.getTime() + UNIT_MS[unit]);
  return at.getTime() - 1;
}

/** One end of a range; NaN where it cannot be read. */
export function momentMs(text: string, now: number, end: boolean): number {
  if (/^\d{9,}$/.test(text)) return Number(text);
  if (!text.startsWith("now")) return Date.parse(text);
  let at = now;
  let rest = text.slice(3);
  for (let shift; (shift = rest.match(/^([+-])(\d+(?:ms|[smhdwMy]))/)); rest = rest.slice(shift[0].length)) {
    at += (shift[1] === "-" ? -1 : 1) * durationMs(shift[2]);
  }
  if (/^\/[mhdwMy]$/.test(rest)) return startOf(at, rest[1], end);
  return rest === "" ? at : NaN;
}

export function rangeOf(raw: RawRange, now: number): Range {
  const from = momentMs(raw.from, now, false);
  const to = momentMs(raw.to, now, true);
  if (rangeFault(raw, now)) return {from: now - 3_600_000, to: now};
  return {from, to};
}

/** What is wrong with a range, as a link may have it; nothing where it can be read. */
export function rangeFault(raw: RawRange, now: number): string {
  const from = momentMs(raw.from, now, false);
  const to = momentMs(raw.to, now, true);
  for (const [text, at] of [[raw.from, from], [raw.to, to]] as const) if (Number.isNaN(at)) return `“${text}” is no time`;
  return from < to ? "" : `the range from “${raw.from}” to “${raw.to}” ends before it begins`;
}

const LEAST_RANGE_MS = 5000;

// "now-90m" for a length: in the largest unit that says it whole, as Grafana's links have one unit only.
function lastText(ms: number): string {
  const seconds = Math.max(LEAST_RANGE_MS, Math.round(ms / 1000) * 1000) / 1000;
  const [unit, size] = ([["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]] as const).find(([, size]) => seconds % size === 0)!;
  return `now-${seconds / size}${unit}`;
}

/** Ends now and goes on: "now-1h" to "now". */
export const isLive = (raw: RawRange) => raw.to === "now" && /^now-\d+(ms|[smhdwMy])$/.test(raw.from);

/** What is asked for when somebody drags, moves or widens a range. It never reaches into the future, unless it did before; a
 *  live one that becomes wider on both sides stays live. Nothing where nothing changes. */
export function rangeAfter(raw: RawRange, before: Range, from: number, to: number, now: number): RawRange | null {
  if (isLive(raw) && from < before.from && to > before.to) return {from: lastText(to - from), to: "now"};
  if (isLive(raw) && from > before.from && to > before.to) return null;  // later than now is nothing
  const short = Math.max(0, LEAST_RANGE_MS - (to - from)) / 2;
  const back = Math.max(0, to + short - Math.max(now, before.to));
  const [start, end] = [Math.round(from - short - back), Math.round(to + short - back)];
  return start === Math.round(before.from) && end === Math.round(before.to) ? null : {from: String(start), to: String(end)};
}

/** The half of it: of a live one the newer half. */
export function narrowed(raw: RawRange, before: Range, now: number): RawRange | null {
  const width = before.to - before.from;
  return isLive(raw) ? {from: lastText(width / 2), to: "now"} : rangeAfter(raw, before, before.from + width / 4, before.to - width / 4, now);
}

const NICE_STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** The next larger length that people use, in seconds. */
export const niceSeconds = (wanted: number) => NICE_STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / 86400) * 86400;

/** The step of a range query, in seconds: about one point two pixels, never below the tick at which samples come. */
export function stepSeconds(range: Range, pixels: number, tickSeconds: number): number {
  const wanted = (range.to - range.from) / 1000 / Math.max(50, Math.min(pixels / 2, 900));
  return Math.max(niceSeconds(wanted), tickSeconds);
}

/** What $__rate_interval stands for: wide enough that rate() always sees two samples. */
export function rateInterval(stepSecondsValue: number, tickSeconds: number): number {
  return Math.max(stepSecondsValue + tickSeconds, 4 * tickSeconds);
}

export function describeRange(raw: RawRange): string {
  const last = raw.to === "now" && raw.from.match(/^now-(\d+)([smhdw])$/);
  if (last) {
    const unit = {s: "second", m: "minute", h: "hour", d: "day", w: "week"}[last[2]];
    return last[1] === "1" ? `last ${unit}` : `last ${last[1]} ${unit}s`;
  }
  const {from, to} = rangeOf(raw, Date.now());
  return `${clock(from, true)} to ${clock(to, true)}`;
}

const pad = (value: number) => String(value).padStart(2, "0");

export function clock(ms: number, date = false): string {
  const at = new Date(ms);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return date ? `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}` : time;
}

export function ago(ms: number, now = Date.now()): string {
  return now - ms < 1000 ? "now" : `${durationText(Math.floor((now - ms) / 1000) * 1000).replace(/(\d+[dhm])(\d+[hms]).*/, "$1 $2")} ago`;
}
