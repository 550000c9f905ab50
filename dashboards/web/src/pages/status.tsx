// SPDX-License-Identifier: Apache-2.0
// What the agent says of itself: receivers, deliveries, label sets, configuration.
import {call} from "../api";
import type {PageInfo} from "../api";
import {ago} from "../time";
import {format} from "../units";
import {usePoll} from "./poll";

type Json = any;
const status = (what: string) => async (signal: AbortSignal) => (await call<Json>(`/api/v1/status/${what}`, {}, signal)).data;
const count = (value: number) => value.toLocaleString("en");

function Reasons({counts}: {counts: Record<string, number>}) {
  const some = Object.entries(counts ?? {}).filter(([, value]) => value > 0);
  return <>{some.length === 0 ? <span class="dim">none</span> : some.map(([reason, value]) => <div key={reason} class="error">{count(value)} {reason.replaceAll("_", " ")}</div>)}</>;
}

export function ReceiversPage() {
  const receivers = usePoll<Json>(status("receivers"), 5000);
  const exporters = usePoll<Json>(status("exporters"), 5000);
  const {data} = receivers;
  if (!data) return <p class={`note ${receivers.error ? "error" : ""}`}>{receivers.error || "loading…"}</p>;
  const rows: [string, Json][] = Object.entries(data.receivers);
  return <div class="page-body"><h1>Receivers and deliveries</h1>
    <section><h2>Listening</h2><table><thead><tr><th>listener</th><th>address</th><th>state</th></tr></thead><tbody>
      {data.listeners.map((one: Json) => <tr key={one.name}><td>{one.name}</td><td><code>{one.address}</code></td>
        <td class={one.serving ? "ok" : "error"}>{one.serving ? "serving" : one.fault}</td></tr>)}</tbody></table></section>
    <section><h2>Received</h2><p class="dim">received = accepted + rejected, counted in points and spans</p>
      <table><thead><tr><th>receiver</th><th class="number">received</th><th class="number">accepted</th><th>rejected</th><th class="number">requests</th><th>the last rejection</th></tr></thead><tbody>
        {rows.map(([name, one]) => <tr key={name}><td>{name}</td><td class="number">{count(one.received)}</td><td class="number">{count(one.accepted)}</td>
          <td><Reasons counts={one.rejected} /></td><td class="number">{count(one.requests)}</td><td>{one.lastRejection || <span class="dim">none</span>}</td></tr>)}
        <tr><td>spans</td><td class="number">{count(data.spans.received)}</td><td class="number">{count(data.spans.accepted)}</td><td><Reasons counts={data.spans.rejected} /></td><td /><td /></tr>
      </tbody></table>
      {rows.every(([, one]) => one.received === 0) && data.spans.received === 0 && <p class="note">Nothing has been received. Point an OpenTelemetry SDK at the OTLP address above:
        <code> OTEL_EXPORTER_OTLP_ENDPOINT=http://{data.listeners.find((one: Json) => one.name === "otlp/http")?.address ?? "127.0.0.1:4318"}</code></p>}
      {data.intake.conflicts?.length > 0 && <><h3>Two senders write the same series</h3><ul>{data.intake.conflicts.map((one: Json) =>
        <li key={JSON.stringify(one)}>{typeof one === "string" ? one : Object.values(one).join(" · ")}</li>)}</ul></>}
    </section>
    <section><h2>Delivered</h2><p class="dim">offered = sent + queued + in flight + dropped</p>
      {exporters.data?.destinations.length === 0 && <p class="note">Nothing is pushed anywhere. Name a destination under [[export]] in the configuration.</p>}
      {exporters.data?.destinations.map((one: Json) => <div key={one.name}><h3>{one.name} <span class="dim">{one.endpoint ?? ""}</span></h3>
        <table><thead><tr><th>signal</th><th class="number">offered</th><th class="number">sent</th><th class="number">queued</th><th class="number">in flight</th><th>dropped</th><th class="number">retries</th></tr></thead><tbody>
          {["metrics", "spans"].filter((signal) => one[signal]).map((signal) => <tr key={signal}><td>{signal}</td><td class="number">{count(one[signal].offered)}</td>
            <td class="number">{count(one[signal].sent)}</td><td class="number">{count(one[signal].queued)}</td><td class="number">{count(one[signal].inFlight)}</td>
            <td><Reasons counts={one[signal].dropped} /></td><td class="number">{count(one[signal].retries)}</td></tr>)}</tbody></table>
        {one.lastError && <p class="error">{one.lastError}</p>}</div>)}
    </section></div>;
}

export function CardinalityPage() {
  const {data, error} = usePoll<Json>(status("cardinality"), 10_000);
  if (!data) return <p class={`note ${error ? "error" : ""}`}>{error || "loading…"}</p>;
  const rows = [...data.received, ...data.own].sort((a: Json, b: Json) => b.series - a.series);
  return <div class="page-body"><h1>Cardinality</h1>
    <p class="dim">A meter may have {count(data.labelSetLimit)} label sets a sender, all together {count(data.seriesLimit)}. Beyond that one overflow series keeps the totals right.</p>
    <section><table><thead><tr><th>meter</th><th>sender</th><th class="number">series</th><th>of its limit</th><th>label with the most texts</th><th class="number">texts</th></tr></thead><tbody>
      {rows.map((one: Json, at: number) => <tr key={at}><td>{one.meter}</td><td class="dim">{[one.job, one.instance].filter(Boolean).join(" ") || one.sender || ""}</td><td class="number">{count(one.series)}</td>
        <td><div class="meter" title={`${one.series} of ${one.limit}`}><i style={{width: `${Math.min(100, (one.series / one.limit) * 100)}%`}} class={one.overflowed ? "red" : ""} /></div>
          {!!one.overflowed && <b class="error"> overflowed</b>}</td><td>{one.label}</td><td class="number">{one.label ? count(one.labelTexts) : ""}</td></tr>)}
    </tbody></table></section></div>;
}

export function ConfigurationPage({info}: {info: PageInfo}) {
  const config = usePoll<Json>(status("settings"), 0);
  const runtime = usePoll<Json>(status("ticks"), 10_000);
  const run = runtime.data;
  return <div class="page-body"><h1>Configuration</h1>
    {config.error && <p class="note error">{config.error}</p>}
    {run && <p>tocsin {info.version}, started {ago(Date.parse(run.startTime))}; data in <code>{run.dataDir}</code>. The configuration was read {ago(Date.parse(run.lastConfigTime))}
      {run.reloadConfigSuccess ? "." : <b class="error">; the last reload failed and the one before it stands.</b>} Collecting took {format(run.lastCollectSeconds, "s")} the last time.</p>}
    {config.data && <><p class="dim">{config.data.file ? `from ${config.data.file}, defaults filled in, secrets left out` : "no file: all of it defaults"}</p><pre class="toml">{config.data.toml}</pre></>}
  </div>;
}
