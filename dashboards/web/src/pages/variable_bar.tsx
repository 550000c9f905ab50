// SPDX-License-Identifier: Apache-2.0
// Above a dashboard: one chooser a variable, and the links to the other dashboards.
import {useRef, useState} from "preact/hooks";
import type {Listed, PageInfo} from "../api";
import type {Dashboard} from "../model";
import {Icon} from "../icons";
import {useDismiss} from "../popover";
import {setParameters} from "../route";
import {isHidden} from "../variables";
import {Chooser} from "./chooser";
import type {Scope, Variable} from "../variables";
import {dashboardPath} from "./dashboard";

function TextBox({variable}: {variable: Variable}) {
  const name = variable.model.name;
  return <div class="chooser"><label for={`variable-${name}`}>{variable.model.label || name}</label>
    <input id={`variable-${name}`} value={variable.values[0] ?? ""} onChange={(event) => setParameters({[`var-${name}`]: event.currentTarget.value})} /></div>;
}

function Menu({others}: {others: Listed[]}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDetailsElement>(null);
  useDismiss(box, open, () => setOpen(false));
  return <details class="menu" ref={box} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}><summary>dashboards <Icon name="down" /></summary>
    <nav>{others.map((one) => <a key={one.uid} href={dashboardPath(one.uid)} title={one.description}>{one.title}</a>)}</nav></details>;
}

export function VariableBar({scope, board, info}: {scope: Scope; board: Dashboard; info: PageInfo}) {
  const shown = [...scope.values()].filter((variable) => !isHidden(variable.model));
  const others = info.dashboards.filter((one) => one.uid !== board.uid);
  return <div class="variables">
    {shown.map((variable) => variable.model.type === "textbox" ? <TextBox key={variable.model.name} variable={variable} /> : <Chooser key={variable.model.name} variable={variable} />)}
    <span class="spacer" />
    {others.length > 0 && <Menu others={others} />}
  </div>;
}
