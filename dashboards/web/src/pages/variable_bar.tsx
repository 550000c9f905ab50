// SPDX-License-Identifier: Apache-2.0
// Above a dashboard: one chooser a variable, and the links to the other dashboards.
import {useRef, useState} from "preact/hooks";
import type {Listed, PageInfo} from "../api";
import type {Dashboard, DashboardLink} from "../model";
import {Icon} from "../icons";
import {useDismiss} from "../popover";
import {setParameters} from "../route";
import {filtersOf, isHidden, readable} from "../variables";
import {Chooser} from "./chooser";
import type {Scope, Variable} from "../variables";
import {dashboardPath} from "./dashboard";

function TextBox({variable}: {variable: Variable}) {
  const name = variable.model.name;
  return <div class="chooser"><label for={`variable-${name}`}>{variable.model.label || name}</label>
    <input id={`variable-${name}`} value={variable.values[0] ?? ""} onChange={(event) => setParameters({[`var-${name}`]: event.currentTarget.value})} /></div>;
}

// Ad hoc filters are applied to every query; here they are only told.
function Filters({variable}: {variable: Variable}) {
  const filters = filtersOf(new Map([["", variable]]));
  if (filters.length === 0) return null;
  return <div class="chooser"><span class="name">{variable.model.label || variable.model.name}</span>
    <span class="labels">{filters.map(({key, operator, value}) => <code key={key + operator + value}>{key}{operator}{value}</code>)}</span></div>;
}

function Part({variable}: {variable: Variable}) {
  const Kind = variable.model.type === "textbox" ? TextBox : variable.model.type === "adhoc" ? Filters : Chooser;
  return <Kind variable={variable} />;
}

function isSafe(url?: string): boolean {
  try {
    return !!url && /^https?:$/.test(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

function addressOf(link: DashboardLink, scope: Scope): string {
  const url = readable(link.url!, scope);
  const added = [link.keepTime && "${__url_time_range}", link.includeVars && "${__all_variables}"].filter(Boolean).join("&");
  const here = new URLSearchParams(location.search);
  const text = readable(added, scope, {__raw_from: here.get("from") ?? "now-1h", __raw_to: here.get("to") ?? "now"});
  return text ? `${url}${url.includes("?") ? "&" : "?"}${text}` : url;
}

function Menu({others}: {others: Listed[]}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDetailsElement>(null);
  useDismiss(box, open, () => setOpen(false));
  return <details class="menu" ref={box} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}><summary onClick={(event) => { event.preventDefault(); setOpen(!open); }}>dashboards <Icon name="down" /></summary>
    <nav>{others.map((one) => <a key={one.uid} href={dashboardPath(one.uid)} title={one.description}>{one.title}</a>)}</nav></details>;
}

export function VariableBar({scope, board, info}: {scope: Scope; board: Dashboard; info: PageInfo}) {
  const shown = [...scope.values()].filter((variable) => !isHidden(variable.model));
  const others = info.dashboards.filter((one) => one.uid !== board.uid);
  return <div class="variables">
    {shown.map((variable) => <Part key={variable.model.name} variable={variable} />)}
    <span class="spacer" />
    {(board.links ?? []).filter((link) => link.type === "link" && isSafe(link.url)).map((link) => <a key={link.title} href={addressOf(link, scope)} title={link.tooltip}
      {...(link.targetBlank ? {target: "_blank", rel: "noreferrer"} : {})}><Icon name="link" /> {readable(link.title, scope)}</a>)}
    {others.length > 0 && <Menu others={others} />}
  </div>;
}
