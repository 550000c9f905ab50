// SPDX-License-Identifier: Apache-2.0
// The agent's API, which is Prometheus' own; every call can be given up and says whose fault a failure was.

export type Labels = Record<string, string>;
export interface NativeHistogram { count: string; sum: string; buckets?: [number, string, string, string][] }
export interface Series { metric: Labels; values?: [number, string][]; histograms?: [number, NativeHistogram][] }
export interface Sample { metric: Labels; value?: [number, string]; histogram?: [number, NativeHistogram] }
export interface QueryData { resultType: string; result: any }
export interface Reply<T> { data: T; warnings: string[] }
export interface ExemplarSeries { seriesLabels: Labels; exemplars: {labels: Labels; value: string; timestamp: number}[] }
export interface Alert { labels: Labels; annotations: Labels; state: string; activeAt: string; value: string; firingSince?: string; keepFiringSince?: string; missingSince?: string }
export interface Rule {
  name: string; query: string; type: string; health: string; lastError?: string; evaluationTime: number; lastEvaluation: string;
  duration?: number; keepFiringFor?: number; labels?: Labels; annotations?: Labels; alerts?: Alert[]; state?: string;
}
export interface RuleGroup { name: string; file: string; interval: number; evaluationTime: number; lastEvaluation: string; rules: Rule[] }

export class ApiError extends Error {
  constructor(message: string, readonly status: number) { super(message); }
}

/** The agent did not answer at all, rather than refuse. */
export const isAway = (error: unknown) => error instanceof ApiError && error.status === 0;

type Tell = (reached: boolean) => void;
const listeners = new Set<Tell>();
const tell = (reached: boolean) => { for (const one of listeners) one(reached); };

/** Hears of each request whether the agent was reached at all. */
export function onReach(one: Tell): () => void {
  listeners.add(one);
  return () => listeners.delete(one);
}

/** How soon an agent that does not answer is asked again. */
export const AWAY_MS = 3000;

const TIMEOUT_MS = 30_000;
const LONGEST_GET = 1500;

async function request(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await fetch(path, {...init, signal: signal ? AbortSignal.any([signal, timeout]) : timeout});
    tell(true);
    return answer;
  } catch (error) {
    if (signal?.aborted) throw error;
    if (timeout.aborted) throw new ApiError(`no answer within ${TIMEOUT_MS / 1000} s`, 0);
    tell(false);
    throw new ApiError("the agent does not answer: is it running?", 0);
  }
}

/** The data of an answer in Prometheus' form. */
export async function call<T>(path: string, parameters: Record<string, string | string[]> = {}, signal?: AbortSignal): Promise<Reply<T>> {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) for (const one of [value].flat()) form.append(name, one);
  const text = form.toString();
  const post = text.length > LONGEST_GET;
  const answer = post
    ? await request(path, {method: "POST", body: text, headers: {"Content-Type": "application/x-www-form-urlencoded"}}, signal)
    : await request(text ? `${path}?${text}` : path, {}, signal);
  const body = await answer.text();
  let parsed: any;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new ApiError(`${answer.status} ${answer.statusText}: ${body.slice(0, 200)}`, answer.status);
  }
  if (parsed.status !== "success") throw new ApiError(parsed.error ?? `${answer.status} ${answer.statusText}`, answer.status);
  return {data: parsed.data, warnings: [...(parsed.warnings ?? []), ...(parsed.infos ?? [])]};
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);

export const query = (expr: string, atMs: number, signal?: AbortSignal) =>
  call<QueryData>("/api/v1/query", {query: expr, time: seconds(atMs)}, signal);

export const queryRange = (expr: string, fromMs: number, toMs: number, step: number, signal?: AbortSignal) =>
  call<QueryData>("/api/v1/query_range", {query: expr, start: seconds(fromMs), end: seconds(toMs), step: String(step)}, signal);

export const exemplars = (expr: string, fromMs: number, toMs: number, signal?: AbortSignal) =>
  call<ExemplarSeries[]>("/api/v1/query_exemplars", {query: expr, start: seconds(fromMs), end: seconds(toMs)}, signal);

async function labelTexts(path: string, match: string, fromMs: number, toMs: number, signal?: AbortSignal): Promise<string[]> {
  const range = {start: seconds(fromMs), end: seconds(toMs)};
  return (await call<string[]>(path, match ? {"match[]": match, ...range} : range, signal)).data;
}

export const labelValues = (label: string, match: string, fromMs: number, toMs: number, signal?: AbortSignal) =>
  labelTexts(`/api/v1/label/${encodeURIComponent(label)}/values`, match, fromMs, toMs, signal);

export const labelNames = (match: string, fromMs: number, toMs: number, signal?: AbortSignal) => labelTexts("/api/v1/labels", match, fromMs, toMs, signal);

/** Text of a file that the agent serves. */
export async function text(path: string, signal?: AbortSignal): Promise<string> {
  const answer = await request(path, {}, signal);
  if (!answer.ok) throw new ApiError(`${path}: ${answer.status} ${answer.statusText}`, answer.status);
  return answer.text();
}

/** Sends a change; the agent's words where it refuses. */
export async function change(path: string, method: string, body?: unknown): Promise<void> {
  const answer = await request(path, {method, body: body === undefined ? undefined : JSON.stringify(body),
                                      headers: body === undefined ? {} : {"Content-Type": "application/json"}});
  if (!answer.ok) throw new ApiError((await answer.text()).slice(0, 300) || `${answer.status} ${answer.statusText}`, answer.status);
}

// From all services to one, to what fails, to the rest by name.
const FIRST = ["tocsin-overview", "tocsin-service", "tocsin-errors", "tocsin-dependencies"];
const orderOf = (uid: string) => FIRST.includes(uid) ? FIRST.indexOf(uid) : FIRST.length;

/** `path`: of a person's own file; `fault`: why it cannot be drawn. */
export interface Listed { uid: string; title: string; description: string; file: string; path?: string; fault?: string }
export interface PageInfo {
  version: string; tickSeconds: number; dashboards: Listed[];
  runbooks: string[]; traceUrl?: string; unmatched: string[];
}
/** All that can be opened; a person's own takes the place of a shipped one with its uid. */
export function listed(shipped: Listed[], own: Listed[]): Listed[] {
  const taken = new Set(own.filter((one) => !one.fault).map((one) => one.uid));
  return [...shipped.filter((one) => !taken.has(one.uid)).sort((a, b) => orderOf(a.uid) - orderOf(b.uid)), ...own];
}
export async function pageInfo(signal?: AbortSignal): Promise<PageInfo> {
  const {index, own, ...facts} = (await call<any>("/api/v1/status/page", {}, signal)).data;
  return {...facts, ...index, dashboards: listed(index.dashboards, own)};
}
