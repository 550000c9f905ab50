// SPDX-License-Identifier: Apache-2.0
// Alerts with their state, since when and why, who was told; below them silences and who is told.
import {useEffect, useState} from "preact/hooks";
import type {Alert, Labels, Rule, RuleGroup} from "../api";
import {explorePath, setParameters, withRange} from "../route";
import type {Route} from "../route";
import {ago, clock, durationText} from "../time";
import {format} from "../units";
import {Why} from "./explain";
import {ReceiversOfAlerts} from "./receivers_of_alerts";
import {usePoll} from "./poll";
import {askGroups} from "./rules";
import {SilenceButton, Silences, askSilences, covering} from "./silences";
import type {Silence} from "./silences";

function LabelList({labels}: {labels: Labels}) {
  return <span class="labels">{Object.entries(labels).filter(([name]) => name !== "alertname").map(([name, value]) => <code key={name}>{name}={value}</code>)}</span>;
}

// Shipped rules name the file; the agent serves it as a page.
export const runbookPath = (url: string) => url.replace(/^docs\/runbooks\/([\w-]+)\.md$/, "/runbooks/$1");

const ORDER: Record<string, number> = {firing: 0, pending: 1, inactive: 2};

function When({alert, rule}: {alert: Alert; rule: Rule}) {
  const at = Date.parse(alert.state === "firing" && alert.firingSince || alert.activeAt);  // pending was before
  const fires = at + (rule.duration ?? 0) * 1000;
  return <span class="dim">since {clock(at, true)} ({ago(at)})
    {alert.state === "pending" && fires > Date.now() && `, fires in ${durationText(Math.max(1000, fires - Date.now()))} if it stays`}
    {alert.keepFiringSince && `, over since ${ago(Date.parse(alert.keepFiringSince))}: kept firing for ${durationText((rule.keepFiringFor ?? 0) * 1000)}`}
    {alert.missingSince && <b class="error">, its data ended {ago(Date.parse(alert.missingSince))}: held</b>}</span>;
}

function AlertCard({alert, group, rule, silence, done}: {alert: Alert; group: RuleGroup; rule: Rule; silence?: Silence; done(error: string): void}) {
  const {summary, description, runbook_url: runbook, dashboard_url: dashboard, ...rest} = alert.annotations ?? {};
  return <article class={`alert ${alert.state}${silence ? " silenced" : ""}`} data-alert={rule.name} data-state={alert.state} data-silenced={!!silence}>
    <header><b class="state">{alert.state}</b><h3>{rule.name}</h3><When alert={alert} rule={rule} /><span class="spacer" />
      {silence ? <span class="badge" title={silence.comment}>silenced until {clock(Date.parse(silence.endsAt), true)}</span> : <SilenceButton labels={alert.labels} done={done} />}</header>
    {summary && <p class="summary">{summary}</p>}
    {description && <p class="dim">{description}</p>}
    <LabelList labels={alert.labels} />
    <p><span class="dim">value</span> {format(Number(alert.value))} <span class="dim">of</span> <a href={explorePath(rule.query)}><code>{rule.query}</code></a>
      {rule.duration ? <span class="dim"> for {durationText(rule.duration * 1000)}</span> : null}</p>
    <p class="links">{runbook && <a href={withRange(runbookPath(runbook))}>runbook</a>}{dashboard && <a href={withRange(dashboard)}>dashboard</a>}
      {Object.entries(rest).map(([name, value]) => <span key={name} class="dim">{name}: {value}</span>)}</p>
    <Why name={rule.name} group={group.name} file={group.file} query={rule.query} labels={alert.labels} title="why, and who was told" />
  </article>;
}

export function AlertsPage({route}: {route: Route}) {
  const polled = usePoll(askGroups, 3000);
  const silences = usePoll(askSilences, 5000);
  const [message, setMessage] = useState("");
  const filter = route.parameters.get("filter") ?? "";
  const only = filter.toLowerCase();
  const firing = polled.data?.flatMap((group) => group.rules).flatMap((rule) => rule.alerts ?? []).filter((alert) => alert.state === "firing").length ?? 0;
  useEffect(() => { document.title = `${firing ? `(${firing}) ` : ""}alerts – tocsin`; }, [firing]);
  if (!polled.data) return <p class={`note ${polled.error ? "error" : ""}`}>{polled.error || "loading…"}</p>;

  const rules = polled.data.flatMap((group) => group.rules.filter((rule) => rule.type === "alerting").map((rule) => ({group, rule})));
  const all = rules.flatMap(({group, rule}) => (rule.alerts ?? []).map((alert) => ({alert, group, rule, silence: covering(silences.data ?? [], alert.labels)})));
  const pairs = all.filter(({alert}) => !only || JSON.stringify(alert.labels).toLowerCase().includes(only))
    .sort((a, b) => Number(!!a.silence) - Number(!!b.silence) || ORDER[a.alert.state] - ORDER[b.alert.state] || Date.parse(b.alert.activeAt) - Date.parse(a.alert.activeAt));
  const done = (error: string) => { setMessage(error || "silenced"); silences.again(); };
  return <div class="page-body">
    <div class="tools"><h1>Alerts</h1><input type="search" aria-label="filter" placeholder="filter by name or label" value={filter} onInput={(event) => setParameters({filter: event.currentTarget.value || null}, true)} />
      <span class="dim">{all.filter(({alert}) => alert.state === "firing").length} firing, {all.filter(({alert}) => alert.state === "pending").length} pending, of {rules.length} rules</span>
      {message && <span role="status">{message}</span>}{polled.error && <span class="error" role="alert">{polled.error}</span>}</div>
    {pairs.length === 0 && <p class="note">{all.length ? `None of the ${all.length} alerts matches the filter.`
      : rules.length ? <>Nothing is pending or firing. <a href={withRange("/rules")}>{rules.length} alert rules</a> watch.</>
      : <>No alert rules are loaded. Name rule files in the configuration: <code>[rules] files = ["rules/*.yml"]</code></>}</p>}
    {pairs.map(({alert, group, rule, silence}) => <AlertCard key={group.file + group.name + JSON.stringify(alert.labels)} alert={alert} group={group} rule={rule} silence={silence} done={done} />)}
    {silences.data ? <Silences list={silences.data} again={silences.again} /> : silences.error && rules.length > 0 && <p class="note error">{silences.error}</p>}
    <ReceiversOfAlerts />
  </div>;
}
