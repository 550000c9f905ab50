// SPDX-License-Identifier: Apache-2.0
// A list to choose a variable's values from: by mouse, or by typing, arrows, Enter and Esc.
import {useEffect, useRef, useState} from "preact/hooks";
import {Icon} from "../icons";
import {useDismiss} from "../popover";
import {setParameters} from "../route";
import {ALL, textOf} from "../variables";
import type {Variable} from "../variables";

const FEW = 8;
const MOST = 300;

/** What is chosen after a click on a value. */
export function chosenAfter({model, values}: Variable, value: string): string[] {
  if (value === ALL || !model.multi) return [value];
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values.filter((one) => one !== ALL), value];
  return next.length ? next : model.includeAll ? [ALL] : [value];
}

function Options({variable, choose}: {variable: Variable; choose(value: string): void}) {
  const {model, options, values, error} = variable;
  const [filter, setFilter] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const all = model.includeAll && !filter ? [ALL] : [];
  const shown = [...all, ...options.filter((one) => textOf(variable, one).toLowerCase().includes(filter.toLowerCase()))];
  const entries = () => [...box.current!.querySelectorAll<HTMLElement>("[role=option]")];
  useEffect(() => (box.current!.querySelector("input") ?? entries().find((one) => one.ariaSelected === "true") ?? entries()[0])?.focus(), []);

  const press = (event: KeyboardEvent) => {
    const list = entries();
    const at = list.indexOf(document.activeElement as HTMLElement);
    const input = box.current!.querySelector("input");
    if (event.key === "ArrowDown") list[Math.min(at + 1, list.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at <= 0 ? input ?? list[0] : list[at - 1])?.focus();
    else if (event.key === "Enter" && at < 0) {
      if (shown.length) choose(shown[0]);
    } else {
      if (event.key.length === 1 && event.key !== " " && at >= 0) input?.focus();  // typing goes on in the filter
      return;
    }
    event.preventDefault();
  };
  return <div class="options" ref={box} onKeyDown={press}>
    {options.length > FEW && <input aria-label="filter" placeholder="filter" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />}
    <div role="listbox" aria-label={model.label || model.name} aria-multiselectable={!!model.multi}>{shown.slice(0, MOST).map((one) => <button role="option" aria-selected={values.includes(one)} key={one} onClick={() => choose(one)}>
      {values.includes(one) ? "✓ " : ""}{textOf(variable, one)}</button>)}</div>
    {shown.length > MOST && <p class="dim">{shown.length - MOST} more: type to filter</p>}
    {shown.length === 0 && <p class="dim">{error ?? (filter ? "none of them" : "nothing yet: has anything been sent in this range?")}</p>}
  </div>;
}

export function Chooser({variable}: {variable: Variable}) {
  const {model, values, error} = variable;
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, open, () => setOpen(false));
  const choose = (value: string) => {
    setParameters({[`var-${model.name}`]: chosenAfter(variable, value)});
    if (model.multi) return;
    setOpen(false);
    box.current!.querySelector("button")!.focus();
  };
  const name = model.label || model.name;
  const label = values.map((one) => textOf(variable, one)).join(" + ") || "none";
  return <div class="chooser" ref={box}>
    <span class="name" aria-hidden="true">{name}</span>
    <button aria-label={`${name}: ${label}`} aria-haspopup="listbox" aria-expanded={open} title={error ?? model.description ?? ""} class={error ? "error" : ""} onClick={() => setOpen(!open)}>
      {error && <Icon name="warning" />}{label.length > 40 ? `${label.slice(0, 38)}…` : label} <Icon name="down" /></button>
    {open && <Options variable={variable} choose={choose} />}
  </div>;
}
