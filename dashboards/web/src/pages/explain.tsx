// SPDX-License-Identifier: Apache-2.0
// Why an alert is in its state, or why a rule gives none: what GET /api/v1/explain says, asked for when somebody opens it.
import {useState} from "preact/hooks";
import {call} from "../api";
import type {Labels} from "../api";
import {clock} from "../time";
import {format} from "../units";
import {about, inLocalTime} from "./explanation";
import type {Explained, Explanation, Part, Which} from "./explanation";
import {usePoll} from "./poll";

interface Answer { receivers: number; rules: Explanation[] }

const MOST_SAMPLES = 5;
const labelText = (labels: Labels) => Object.entries(labels).filter(([name]) => name !== "alertname" && name !== "__name__").map(([name, value]) => `${name}=${value}`).join(", ");

function PartRow({part}: {part: Part}) {
  const gives = part.error ? `cannot be evaluated: ${part.error}`
    : part.scalar ? `= ${part.samples[0] ? format(Number(part.samples[0].value)) : ""}`
    : part.removed === undefined ? `${part.series} series` : `${part.series} of ${part.series + part.removed} series pass`;
  const samples = part.scalar ? [] : part.samples.slice(0, MOST_SAMPLES);
  return <li style={{paddingLeft: `${part.depth * 16}px`}}><code>{part.text}</code> <span class={part.error ? "error" : "dim"}>{gives}</span>
    {part.note && <div class="remark">{part.note}</div>}
    {samples.map((sample) => <div key={labelText(sample.labels)} class="sample"><b>{format(Number(sample.value))}</b> <span class="dim">{labelText(sample.labels)}</span></div>)}
    {!part.scalar && part.series > samples.length && samples.length > 0 && <div class="sample dim">and {part.series - samples.length} more</div>}</li>;
}

function WhoWasTold({alert, nobody}: {alert: Explained; nobody: boolean}) {
  return <>{alert.silencedBy?.map((silence) => <li key={silence.id}>{inLocalTime(silence.summary)}</li>)}
    {alert.told?.map((told) => <li key={told.receiver}><b>{told.receiver}</b> {inLocalTime(told.summary)}</li>)}
    {nobody && <li>nobody is told: neither <code>[[alertmanager]]</code> nor <code>[[webhook]]</code> is configured</li>}</>;
}

function ExplainedRule({rule, nobody}: {rule: Explanation; nobody: boolean}) {
  return <section><p>{inLocalTime(rule.summary)}</p>{rule.remarks.map((remark) => <p key={remark} class="remark">{remark}</p>)}
    {rule.alerts.map((alert) => <ul key={labelText(alert.labels)}><li>{inLocalTime(alert.summary)} <span class="dim">{labelText(alert.labels)}</span></li><WhoWasTold alert={alert} nobody={nobody && alert.state === "firing"} /></ul>)}
    {rule.ended.map((alert) => <ul key={labelText(alert.labels)}><li>ended: {inLocalTime(alert.summary)} <span class="dim">{labelText(alert.labels)}</span></li><WhoWasTold alert={alert} nobody={nobody} /></ul>)}
    <h4>The expression, part by part{rule.explainedAt && <span class="dim"> at {clock(Date.parse(rule.explainedAt), true)}</span>}</h4>
    <ul class="parts">{rule.parts.map((part, index) => <PartRow key={index} part={part} />)}</ul></section>;
}

function Opened({name, labels = {}, ...which}: Which) {
  const match = Object.entries(labels).filter(([label]) => label !== "alertname").map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  const {data, error} = usePoll(async (signal) => (await call<Answer>("/api/v1/explain", {alert: name, match}, signal)).data, 5000, [name, match.join()]);
  const shown = data ? about(data.rules, {name, labels, ...which}) : [];
  if (!data) return <p class={error ? "error" : "dim"} role="status">{error || "asking…"}</p>;
  return <>{error && <p class="error" role="alert">{error}</p>}
    {shown.length === 0 && <p class="dim">The agent no longer has this rule.</p>}
    {shown.map((rule) => <ExplainedRule key={rule.file + rule.group + rule.query} rule={rule} nobody={data.receivers === 0} />)}</>;
}

/** Nothing is asked for until it is opened. */
export function Why({title, ...which}: Which & {title: string}) {
  const [open, setOpen] = useState(false);
  return <details class="why" onToggle={(event) => setOpen(event.currentTarget.open)}><summary>{title}</summary>{open && <Opened {...which} />}</details>;
}
