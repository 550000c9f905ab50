// SPDX-License-Identifier: Apache-2.0
// What GET /api/v1/explain answers, and which part of it is about one rule or one alert.
import type {Labels} from "../api";
import {clock} from "../time";

export interface Part {
  depth: number; kind: string; text: string; series: number; removed?: number; scalar: boolean;
  samples: {labels: Labels; value: string}[]; error?: string; note?: string;
}
export interface Told { receiver: string; summary: string }
export interface Explained { labels: Labels; state?: string; summary: string; silencedBy?: {id: string; summary: string}[]; told?: Told[] }
export interface Explanation {
  group: string; file: string; query: string; summary: string; explainedAt?: string; remarks: string[]; parts: Part[]; alerts: Explained[]; ended: Explained[];
}

/** Which rule is meant: the API answers for all of a name. */
export interface Which { name: string; group: string; file: string; query: string; labels?: Labels }

const sameLabels = (a: Labels, b: Labels) => Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value);

/** What was asked about: the rule, and of its alerts the one with these labels where some are said. */
export function about(rules: Explanation[], {group, file, query, labels}: Which): Explanation[] {
  const near = rules.filter((rule) => rule.group === group && rule.file === file);
  const own = near.filter((rule) => rule.query === query);
  return (own.length ? own : near).map((rule) => {
    const mine = labels ? rule.alerts.filter((alert) => sameLabels(alert.labels, labels)) : [];
    return mine.length ? {...rule, alerts: mine} : rule;
  });
}

// The agent tells times in UTC; the page is in the browser's time.
export const inLocalTime = (text: string, day = new Date().toISOString().slice(0, 10)) => text.replace(/(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d) UTC/g,
  (_, date, time) => clock(Date.parse(`${date ?? day}T${time}Z`), !!date));
