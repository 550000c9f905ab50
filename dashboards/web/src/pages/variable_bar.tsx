// SPDX-License-Identifier: Apache-2.0
// Above a dashboard: one chooser a variable, and the links to the other dashboards.
import {useEffect, useRef, useState} from "preact/hooks";
import type {PageInfo} from "../api";
import type {Dashboard} from "../model";
import {Icon} from "../icons";
import {setParameters} from "../route";
import {ALL, isHidden} from "../variables";
import type {Scope, Variable} from "../variables";
import {dashboardPath} from "./dashboard";

function Chooser({variable}: {variable: Variable}) {
  const {model, options, values, error} = variable;
  const [open, setOpen] = useState(false);
  const [filter, setFilter] = useState("");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => { if (!box.current!.contains(event.target as Node)) setOpen(false); };
    const escape = (event: KeyboardEvent) => { if (event.key === "Escape") setOpen(false); };
    addEventListener("pointerdown", leave);
    addEventListener("keydown", escape);
    return () => { removeEventListener("pointerdown", leave); removeEventListener("keydown", escape); };
  }, [open]);

  const choose = (value: string) => {
    let next: string[];
    if (value === ALL || !model.multi) next = [value];
    else next = values.includes(value) ? values.filter((one) => one !== value) : [...values.filter((one) => one !== ALL), value];
    if (next.length === 0) next = model.includeAll ? [ALL] : [value];
    setParameters({[`var-${model.name}`]: next});
    if (!model.multi) setOpen(false);
  };
  const all = model.includeAll ? [ALL] : [];
  const shown = [...all, ...options].filter((one) => one === ALL || one.toLowerCase().includes(filter.toLowerCase()));
  const label = values.includes(ALL) ? "All" : values.join(" + ") || "none";
  return <div class="chooser" ref={box}>
    <span class="name" aria-hidden="true">{model.label || model.name}</span>
    <button aria-label={`${model.label || model.name}: ${label}`} aria-haspopup="listbox" aria-expanded={open} title={error ?? model.description ?? ""} class={error ? "error" : ""} onClick={() => setOpen(!open)}>
      {error && <Icon name="warning" />}{label.length > 40 ? `${label.slice(0, 38)}…` : label} <Icon name="down" /></button>
    {open && <div class="options">
      {options.length > 8 && <input autofocus aria-label="filter" placeholder="filter" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />}
      <div role="listbox" aria-label={model.label || model.name} aria-multiselectable={!!model.multi}>{shown.slice(0, 300).map((one) => <button role="option" aria-selected={values.includes(one)} key={one} onClick={() => choose(one)}>
        {values.includes(one) ? "✓ " : ""}{one === ALL ? "All" : one}</button>)}</div>
      {shown.length > 300 && <p class="dim">{shown.length - 300} more: type to filter</p>}
      {shown.length === 0 && <p class="dim">{error ?? "nothing yet: has anything been sent in this range?"}</p>}
    </div>}
  </div>;
}

function TextBox({variable}: {variable: Variable}) {
  const name = variable.model.name;
  return <div class="chooser"><label for={`variable-${name}`}>{variable.model.label || name}</label>
    <input id={`variable-${name}`} value={variable.values[0] ?? ""} onChange={(event) => setParameters({[`var-${name}`]: event.currentTarget.value})} /></div>;
}

export function VariableBar({scope, board, info}: {scope: Scope; board: Dashboard; info: PageInfo}) {
  const shown = [...scope.values()].filter((variable) => !isHidden(variable.model));
  const others = info.dashboards.filter((one) => one.uid !== board.uid);
  return <div class="variables">
    {shown.map((variable) => variable.model.type === "textbox" ? <TextBox key={variable.model.name} variable={variable} /> : <Chooser key={variable.model.name} variable={variable} />)}
    <span class="spacer" />
    {others.length > 0 && <details class="menu"><summary>dashboards <Icon name="down" /></summary><nav>{others.map((one) =>
      <a key={one.uid} href={dashboardPath(one.uid)} title={one.description}>{one.title}</a>)}</nav></details>}
  </div>;
}
