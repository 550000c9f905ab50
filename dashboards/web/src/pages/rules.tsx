// SPDX-License-Identifier: Apache-2.0
// Rules by group: their health, when they were last evaluated and how long that took, what is wrong with them.
import {call} from "../api";
import type {Rule, RuleGroup} from "../api";
import {explorePath, setParameters, withRange} from "../route";
import type {Route} from "../route";
import {ago, durationText} from "../time";
import {format} from "../units";
import {runbookPath} from "./alerts";
import {Why} from "./explain";
import {usePoll} from "./poll";

interface Rules { groups: RuleGroup[]; faults: string[] }

const askRules = async (signal: AbortSignal): Promise<Rules> => {
  const {data, warnings} = await call<{groups: RuleGroup[]}>("/api/v1/rules", {}, signal);
  return {groups: data.groups, faults: warnings};
};
export const askGroups = async (signal: AbortSignal) => (await askRules(signal)).groups;

const since = (time: string) => Date.parse(time) > 0 ? ago(Date.parse(time)) : "never";

function RuleRow({group, rule}: {group: RuleGroup; rule: Rule}) {
  const runbook = rule.annotations?.runbook_url;
  return <tr data-rule={rule.name}><td>{rule.name}{rule.type === "recording" && <div class="dim">recorded</div>}{runbook && <div><a href={withRange(runbookPath(runbook))}>runbook</a></div>}</td>
    <td><a href={explorePath(rule.query)}><code>{rule.query}</code></a>
      {rule.duration ? <span class="dim"> for {durationText(rule.duration * 1000)}</span> : null}{rule.lastError && <div class="error">{rule.lastError}</div>}
      <Why name={rule.name} group={group.name} file={group.file} query={rule.query} title={rule.type === "recording" ? "what it gives" : rule.alerts?.length ? "why" : "why not"} /></td>
    <td class={rule.health}>{rule.health}</td><td class={rule.state}>{rule.state ?? ""}{rule.alerts?.length ? <a href={withRange(`/alerts?filter=${encodeURIComponent(rule.name)}`)}> {rule.alerts.length}</a> : null}</td>
    <td>{since(rule.lastEvaluation)}</td><td class="number">{format(rule.evaluationTime, "s")}</td></tr>;
}

export function RulesPage({route}: {route: Route}) {
  const {data, error} = usePoll(askRules, 5000);
  const filter = route.parameters.get("filter") ?? "";
  const only = filter.toLowerCase();
  if (!data) return <p class={`note ${error ? "error" : ""}`}>{error || "loading…"}</p>;
  const shown = data.groups.map((group) => ({...group, rules: group.rules.filter((rule) => !only || `${group.name} ${rule.name} ${rule.query}`.toLowerCase().includes(only))}))
    .filter((group) => group.rules.length > 0 || !only);
  const count = data.groups.reduce((sum, group) => sum + group.rules.length, 0);
  return <div class="page-body"><div class="tools"><h1>Rules</h1>
    <input type="search" aria-label="filter" placeholder="filter by name or expression" value={filter} onInput={(event) => setParameters({filter: event.currentTarget.value || null}, true)} />
    <span class="dim">{count} {count === 1 ? "rule" : "rules"} in {data.groups.length} {data.groups.length === 1 ? "group" : "groups"}</span></div>
    {error && <p class="note error" role="alert">{error}</p>}
    {data.faults.map((fault) => <p class="note error" key={fault} role="alert">{fault}</p>)}
    {data.groups.length === 0 && <p class="note">No rule files are loaded. Name them in the configuration: <code>[rules] files = ["rules/*.yml"]</code>. Those that ship are in <code>rules/library</code>.</p>}
    {data.groups.length > 0 && shown.length === 0 && <p class="note">None of the {count} rules matches the filter.</p>}
    {shown.map((group) => <section key={group.file + group.name}><h2>{group.name} <span class="dim">{group.file} · every {durationText(group.interval * 1000)} · evaluated {since(group.lastEvaluation)} in {format(group.evaluationTime, "s")}</span></h2>
      <table class="rules"><thead><tr><th>rule</th><th>expression</th><th>health</th><th>state</th><th>last</th><th class="number">took</th></tr></thead><tbody>
        {group.rules.map((rule) => <RuleRow key={rule.name + rule.query} group={group} rule={rule} />)}</tbody></table></section>)}</div>;
}
