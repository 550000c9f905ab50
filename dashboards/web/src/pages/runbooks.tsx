// SPDX-License-Identifier: Apache-2.0
// What to do when an alert fires: the list of runbooks, or one of them.
import {text} from "../api";
import type {PageInfo} from "../api";
import {markdown} from "../markdown";
import {withRange} from "../route";
import {usePoll} from "./poll";

function Runbook({name}: {name: string}) {
  const {data, error} = usePoll(async (signal) => markdown(await text(`/api/v1/runbooks/${encodeURIComponent(name)}`, signal)), 0, [name]);
  if (data === null) return <p class={`note ${error ? "error" : ""}`}>{error || "loading…"}</p>;
  return <article dangerouslySetInnerHTML={{__html: data}} />;
}

export function RunbooksPage({name, info}: {name: string; info: PageInfo}) {
  return <div class="page-body runbook">
    {name ? <Runbook name={name} /> : <><h1>Runbooks</h1><ul>{info.runbooks.map((one) => <li key={one}><a href={withRange(`/runbooks/${one}`)}>{one}</a></li>)}</ul>
      {info.runbooks.length === 0 && <p class="note">There are none.</p>}</>}
  </div>;
}
