// SPDX-License-Identifier: Apache-2.0
import {useEffect, useState} from "preact/hooks";
import {text} from "../api";
import type {PageInfo} from "../api";
import {markdown} from "../markdown";

export function RunbooksPage({name, info}: {name: string; info: PageInfo}) {
  const [state, setState] = useState({html: "", error: ""});
  useEffect(() => {
    if (!name) return;
    const give_up = new AbortController();
    text(`/api/v1/runbooks/${encodeURIComponent(name)}`, give_up.signal).then((loaded) => setState({html: markdown(loaded), error: ""}))
      .catch((error: Error) => give_up.signal.aborted || setState({html: "", error: error.message}));
    return () => give_up.abort();
  }, [name]);
  return <div class="page-body runbook">
    {!name && <><h1>Runbooks</h1><ul>{info.runbooks.map((one) => <li key={one}><a href={`/runbooks/${one}`}>{one}</a></li>)}</ul>
      {info.runbooks.length === 0 && <p class="note">There are none.</p>}</>}
    {state.error && <p class="note error">{state.error}</p>}
    {name && <article dangerouslySetInnerHTML={{__html: state.html}} />}
  </div>;
}
